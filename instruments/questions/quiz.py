"""A page's questions as one person meets them: in turn, with several tries, wrong ones again later with fresh numbers."""

from typing import TYPE_CHECKING

from instruments.questions import make, makers
from instruments.questions.question import Question

if TYPE_CHECKING:
    from instruments.questions.any_network import Facts


class Quiz:
    """The questions of the page of this name."""

    def __init__(self, page: str, about: "Facts | None" = None) -> None:
        self.page, self._about = page, about
        self.count = len(makers(page))
        self.right: set[int] = set()  # questions that were answered rightly once, without being told
        self._queue = list(range(self.count))
        self._seeds = [1] * self.count
        self._ask()

    def _ask(self) -> None:
        """Begin with the first of the queue."""
        self.number = self._queue[0]
        self.seed = self._seeds[self.number]
        self.question: Question = make(self.page, self.number, self.seed, self._about)
        self.tries: list[int] = []  # numbers, or places of choices
        self.hints = 0  # how many were asked for
        self.told = False  # whether the solution was asked for
        self.nothing = False  # whether the last check had no answer

    def turn_to(self, about: "Facts | None") -> None:
        """Ask about another network; None for what the page's own questions are about."""
        if self.key != (about.key if about else ""):
            self._about = about
            self._ask()

    @property
    def key(self) -> str:
        """Names the network that is asked about; "" for what the page's own questions are about."""
        return self._about.key if self._about else ""

    @property
    def solved(self) -> bool:
        return bool(self.tries) and self.tries[-1] == self.question.right

    @property
    def over(self) -> bool:
        """Whether this question has nothing left to find out."""
        return self.solved or self.told

    @property
    def again(self) -> bool:
        """Whether it comes back later: it was wrong at first, told, or left unanswered."""
        return self.told or not self.solved or len(self.tries) > 1

    @property
    def complete(self) -> bool:
        """Whether nothing waits after this question."""
        return len(self._queue) == 1 and self.solved and not self.again

    def check(self, answer: int | None) -> None:
        """Take an answer; None is none."""
        self.nothing = answer is None
        if answer is None or self.over:
            return
        self.tries = [one for one in self.tries if one != answer] + [answer]
        if self.solved:
            self.right.add(self.number)

    def help(self) -> None:
        """The next hint; after the last, the solution."""
        if self.hints < len(self.question.hints):
            self.hints += 1
        else:
            self.told = True

    def go_on(self) -> None:
        """To the next question; this one stands in the queue again if it was not right at once."""
        done = self._queue.pop(0)
        if self.again:
            self._queue.append(done)
        if self.over:
            self._seeds[done] += 1
        if not self._queue:
            self._queue = list(range(self.count))
        self._ask()
