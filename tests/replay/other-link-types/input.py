from shapes import connection

LINKTYPE = 101


def packets():
    return connection("drive.google.com")
