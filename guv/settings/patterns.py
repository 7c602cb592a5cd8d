"""Which texts are taken, and how is that said to a person who wrote another one?"""

LOCAL_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
LOCAL_DATE = r"^\d{4}-\d{2}-\d{2}$"
ROLE_NAME = r"^[-_A-Za-z0-9]{1,100}$"
PROCESS_TYPE = r"^[-_A-Za-z0-9]{1,128}$"
STORABLE = r"^[^\x00]*$"
ONE_LINE = r"^[^\x00-\x1f]*$"
VISIBLE = r"^[!-~]+$"

WORDS = {
    LOCAL_TIME: "must be a time of day from 00:00 to 23:59, such as 08:30",
    LOCAL_DATE: "must be a day such as 2027-01-31",
    ROLE_NAME: "must be 1 to 100 letters, digits, - and _",
    PROCESS_TYPE: "must be 1 to 128 letters, digits, - and _",
    STORABLE: "must be without the character U+0000",
    ONE_LINE: "must be one line without control characters",
    VISIBLE: "must be letters, digits and signs without white space",
}
