"""机构审核: what a registrar does with an application, its paper and its commands. Every act is one transaction."""
