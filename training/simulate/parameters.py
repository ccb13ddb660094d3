"""Assumptions of the simulated county, one value a line, with its source or the word assumed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """Rates are per household and month, money is yuan, shares are 0 to 1, unless a line says otherwise.

    `domain` means /design/domain: what the customer or a published source says; everything else is assumed
    and set so that arrears and newly bad loans come out near the published figures.
    """

    # villages
    households_per_county: int = 30_000  # assumed: what recorded households of a poor county number at most
    households_per_village: int = 40  # assumed; villages of 20-60 keep records

    # people
    births: float = 0.05  # a year in households with a head under forty, assumed: near 7 in 1,000 of the population
    lifted_out: float = 0.42  # assumed: share of recorded households
    unstable: float = 0.05  # assumed
    marginal: float = 0.06  # assumed
    sudden_hardship: float = 0.02  # assumed
    ability_spread: float = 0.12  # assumed: standard deviation of log ability
    township_spread: float = 0.15  # assumed: how far townships differ in honesty
    worst_township: float = 4.1  # domain: arrears sit in few towns; honesty is lower there by this much
    village_spread: float = 0.20  # assumed

    # economy
    warm_up: int = 36  # months lived before the first delivered month, so that loans of every age exist
    living_cost: float = 480  # per head and month, assumed: rural spending near 6,000 a year without feasts
    wage: float = 2400  # per person working away, published migrant wages less what stays in the city
    local_wage: float = 950  # per worker at home: odd jobs, assumed
    transfer: float = 310  # per head: pensions, farm subsidies, assumed
    rent: float = 12  # per mu of own land and year, paid in January, assumed
    school_cost: float = 110  # per pupil, assumed
    college_cost: float = 6500  # per student and half year, assumed
    living_noise: float = 0.16  # assumed: spread of a month's costs
    income_noise: float = 0.15  # assumed: spread of a month's takings
    luck_spread: float = 0.05  # assumed: a year's luck that no office sees
    spends: float = 0.18  # of the cash above the buffer spent in a month by an average household, assumed
    spends_before_maturity: float = 0.04  # the same when principal falls due within eight months, assumed
    buffer_months: float = 2.0  # of living cost kept in hand, assumed
    rebuilds: float = 0.03  # herd growth while cash allows, assumed

    # other lenders
    outside_interest: float = 0.009  # per month, assumed: private and consumer lenders near 11% a year
    outside_repaid: float = 0.035  # of outside debt per month, assumed
    outside_limit: float = 45_000  # for an average household, assumed
    outside_seen: float = 0.55  # of new outside debts in the credit bureau, assumed

    # lending
    borrows: float = 0.035  # households without a loan, assumed
    borrows_again: float = 0.003  # a second loan beside the first, assumed
    draws_again: float = 0.15  # households with a revolving grant and nothing drawn, assumed
    registered_borrow: float = 1.6  # times, for the monitored types: the product was made for them
    full_subsidy: float = 0.65  # of loans to monitored households; domain: in whole or part
    half_subsidy_ordinary: float = 0.15  # of loans to ordinary households, assumed
    subsidy_refunded: float = 0.08  # of subsidised loans, whose households pay the interest and are paid back, assumed
    misused: float = -3.2  # log-odds that the money is not wholly used as declared, assumed

    # repayment
    early_settled: float = 0.006  # assumed
    repays_at_will: float = 5.0  # times as often for a revolving draw, assumed
    forgets_interest: float = -4.9  # log-odds that an own instalment is missed, assumed
    forgets_principal: float = -5.0  # assumed: everyone is called before maturity
    pays_days_late: float = -3.6  # log-odds that an instalment is paid one to six days late, assumed
    keeps_forgetting: float = 0.35  # share of missed instalments still missed a month later, assumed
    refuses: float = -7.4  # log-odds of not wanting to repay principal, assumed
    watched_months: int = 3  # after its arrears in which cadres watch a loan that was bad, assumed
    relapse_months: int = 8  # after its arrears until which it is likelier to be late again, assumed
    # log-odds of missing an instalment until the one, until the other, and after, set to the hand count of re-falls
    relapses: tuple[float, float, float] = (-0.9, 0.95, -4.5)
    payment_reversed: float = 0.003  # of payments on time, assumed
    gives_in: float = 0.2  # share of refusals given up in a month, assumed
    contagion: float = 6.0  # log-odds per share of village principal in arrears, assumed
    unseen_means: float = 1.4  # assumed: spread of what a household can raise beyond what anybody counts
    helped_at_maturity: float = 4.2  # log-odds that kin bridge a gap on the day, assumed
    kin_lend: float = 60_000  # yuan missing that make kin one log-odds less ready, assumed
    kin_strained: float = 3.0  # log-odds less per share of village households without a month's living, assumed
    helped_later: float = 0.0  # log-odds a month later, assumed
    raises_animals_share: float = 0.5  # of a herd sold at most for a maturity, assumed
    subsidy_late: float = 0.004  # of subsidy instalments paid weeks late, assumed

    # relief
    extended_when_struck: float = 0.40  # of maturities a struck household cannot meet; domain: force majeure
    extended_otherwise: float = 0.07  # assumed
    renewed_when_able: float = 0.025  # assumed
    renewed_when_short: float = 0.08  # assumed: banks like this less than notices say
    extended_late: float = 0.03  # of bullet loans past their maturity, in a month, assumed
    renewed_late: float = 0.02  # the same, assumed
    compensated: float = 0.03  # of loans over 90 days past due; domain: fund pays from 90 days
    fund_share: float = 0.7  # domain: fund 70, bank 30
    written_off: float = 0.06  # of loans over 360 days past due, assumed

    # records
    survey_missed: float = 0.06  # of households in a year, assumed
    survey_noise: float = 0.04  # assumed: spread of a recorded amount round the true one
    use_checked: float = 0.85  # of loans one to six months old and not yet checked, in a month, assumed
    checked_again: float = 0.03  # of checked loans up to a year old, in a month, assumed
    payment_misplaced: float = 0.0002  # of open loans in a month, booked with another's interest for weeks, assumed
    event_mistaken: float = 0.0002  # of open loans in a month, assumed
    check_wrong: float = 0.01  # of findings, assumed
    corrected: float = 0.015  # of statements and other rows, assumed
