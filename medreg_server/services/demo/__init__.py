"""The demo province: invented hospitals, physicians and applications, the same from the same seed."""
