"""打印预览: the form as it will print, the second check, the printer."""
