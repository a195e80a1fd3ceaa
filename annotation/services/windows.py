"""The browser windows of one person, who has one pair of hands."""

from django.contrib.auth.models import User


def one_at_a_time(user: User) -> None:
    """All of somebody's windows queue here until the transaction ends.

    Two of them get one place, case, pass or token, not two.
    """
    User.objects.select_for_update(no_key=True).values_list("pk").get(pk=user.pk)
