"""What do paths name? Apps and roles, as people and Heroku write them."""

from typing import Annotated

from fastapi import Path

AppName = Annotated[
    str, Path(max_length=100, pattern=r"^[^\x00]*$", description="The app's name, or Heroku's UUID")
]
RoleName = Annotated[
    str,
    Path(
        pattern=r"^[-_A-Za-z0-9]{1,100}$",
        description="The role's name: letters, digits, - and _, at most 100",
    ),
]
