"""Bookings by mistake, taken back weeks later: payments on a wrong loan, events that never were."""

from __future__ import annotations

import numpy as np

from training.simulate.banks import write_reversed_payments, write_withdrawn_event
from training.simulate.chance import integers
from training.simulate.days import Ints, day_in, day_of_month, first_day, last_day, month_of
from training.simulate.world import World

_TAKEN_BACK_AFTER = (3, 20)  # days until a misplaced payment is reversed, assumed
_INTEREST = (80.0, 450.0)  # yuan of another loan's interest, assumed
_EXTENDED = 0.4  # share of mistaken events that are extensions; the others say settled; assumed
_LONGER = 6  # months of a mistaken extension


def misbook(world: World, month: int) -> None:
    """Book a few mistakes on loans with nothing in arrears; each is taken back, so that nothing is owed otherwise."""
    p, rng = world.parameters, world.chance.records
    loans = draw_sound_loans(world, month, p.payment_misplaced)
    day = first_day(month) + integers(rng, 9, 26, len(loans))
    back_on = day + integers(rng, *_TAKEN_BACK_AFTER, len(loans))
    write_reversed_payments(world, loans, day, back_on, np.zeros(len(loans)), rng.uniform(*_INTEREST, len(loans)))
    loans = draw_sound_loans(world, month, p.event_mistaken)
    day = first_day(month) + integers(rng, 9, 26, len(loans))
    is_extension = rng.random(len(loans)) < _EXTENDED
    principal, matures_on = world.book.principal[loans], world.book.matures_on[loans]
    longer = day_in(month_of(matures_on) + _LONGER, day_of_month(matures_on))
    for kind, chosen in (("extended", is_extension), ("settled", ~is_extension)):
        new_matures_on = {"new_matures_on": longer[chosen]} if kind == "extended" else {}
        write_withdrawn_event(world, kind, loans[chosen], day[chosen], principal[chosen], **new_matures_on)


def draw_sound_loans(world: World, month: int, chance: float) -> Ints:
    """Open loans older than a month, far from maturity and with nothing in arrears, by chance."""
    book = world.book
    is_calm = (book.originated_on < first_day(month)) & (book.matures_on > last_day(month))
    sound = np.flatnonzero(book.open & ~book.in_arrears & is_calm)
    return np.sort(world.chance.records.choice(sound, world.chance.records.binomial(len(sound), chance), replace=False))
