"""What in the code of an answer somebody should look at; it costs nothing by itself."""

import re

LOOKS = re.compile(
    r"_getframe|currentframe|inspect\.stack|f_back|tb_frame|f_globals|gc\.get_|settrace|setprofile|sys\.modules|"
    r"\bimport exchange|student_process|/proc/"
)  # how code looks for who calls it, or for the channel to the grader
