"""机构审核: what a registrar does with an application, its paper and its way to the register. Every act is one transaction."""
