"""Who came under which number at which hospital, and the films of which nobody has said it yet."""

from django.db import models
from django.db.models import Q

from annotation.models.append_only import immutable
from annotation.models.radiograph import Centre, Patient, Radiograph

NUMBER_LENGTH = 32


class PatientNumberQuerySet(models.QuerySet["PatientNumber"]):
    """Reads of what is known of numbers."""

    def standing(self) -> "PatientNumberQuerySet":
        """What nobody has taken back: films are known by it."""
        return self.filter(taken_back=False)


class PatientNumber(models.Model):
    """The patient that a number means at a hospital, for one sex: once known, never asked again.

    Hospitals give the same numbers to different people, and the number is all that a header has to
    know a patient by. Without a sex it may mean any of those who came under it there.
    A film of which it is known whose it is names the row that it is known by.
    """

    number = models.CharField(max_length=NUMBER_LENGTH, help_text="pseudonym of the number")
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+")
    sex = models.CharField(max_length=1, blank=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="numbers")
    told = models.BooleanField(default=False, help_text="a person said so, when a film asked")
    taken_back = models.BooleanField(
        default=False, help_text="it was wrong; films that a study has stay with the patient"
    )

    objects = PatientNumberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="number_means_one_person",
                fields=["number", "centre", "sex"],
                condition=~Q(sex="") & Q(taken_back=False),
            ),
            # Where the number alone is known, and a person says so too, only the word is taken back
            models.UniqueConstraint(
                name="number_of_person_once",
                fields=["number", "centre", "sex", "patient", "told"],
            ),
        ]
        triggers = [immutable("number", "centre_id", "sex", "patient_id", "told")]

    def __str__(self) -> str:
        return f"{self.number} at {self.centre}"

    @property
    def is_home(self) -> bool:
        """Whether the patient came first there, under the number: that stands on no answer."""
        return self.patient.pseudonym == self.number and self.patient.centre_id == self.centre_id

    @property
    def is_by_answer(self) -> bool:
        """Whether it stands on what a person said: elsewhere a number is known by nothing else."""
        return not self.taken_back and (self.told or not self.is_home)


class PersonAsked(models.Model):
    """A waiting film whose number is known, but perhaps of somebody else: a person must say.

    Until then the film waits under the first who came under that number; the row goes with the
    answer, or when the film is discarded.
    """

    radiograph = models.OneToOneField(
        Radiograph, on_delete=models.CASCADE, related_name="person_asked"
    )
    number = models.CharField(max_length=NUMBER_LENGTH, help_text="pseudonym of the number")
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+")
    sex = models.CharField(max_length=1, blank=True)

    def __str__(self) -> str:
        return f"whose is {self.radiograph}"
