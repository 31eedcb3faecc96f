"""审核窗口: one application on the desk, from reading to decision."""
