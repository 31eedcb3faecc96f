"""The program of the institution office (机构端)."""
