"""``kill -9`` of the real client process and of the real server process, at random and at every labelled point.

``points`` labels the places, ``fate`` ends the process at one of them, ``office`` is the client without its windows,
``service`` the server, ``world`` both with their disks and the people's memory, ``campaign`` what is killed when.
"""
