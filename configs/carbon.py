"""Carbon dioxide at Mauna Loa: four ways to forecast it, tried against each other.

The functions of the tasks; what they forecast with is in forecasting.py.
"""

from __future__ import annotations

import itertools
import logging
from typing import Any

import numpy as np
import pandas as pd
from forecasting import (
    TRIAL_YEARS,
    YEAR,
    Model,
    best_of,
    harmonic_design,
    lagged,
    predict,
    skill_range,
    smooth,
    summary,
    walk_forward,
    year_on_year,
)

Score = dict[str, Any]

LOG = logging.getLogger(__name__)


# --- the head: from weekly readings to months -------------------------------------------------


def clean_weeks(readings: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Turn the dates into real ones, drop the empty weeks and describe what was dropped."""
    dates = pd.to_datetime(readings["date"].astype(str), format="%Y%m%d")
    weeks = pd.DataFrame({"date": dates, "co2": readings["co2"].astype(float)})
    empty = weeks["co2"].isna()
    runs = empty.groupby((~empty).cumsum()).sum()
    quality = {
        "first_week": f"{dates.min():%Y-%m-%d}",
        "last_week": f"{dates.max():%Y-%m-%d}",
        "weeks": len(weeks),
        "empty_weeks": int(empty.sum()),
        "longest_gap_in_weeks": int(runs.max()),
    }
    print(f"{quality['weeks']} weeks, {quality['first_week']} to {quality['last_week']}")
    LOG.warning(
        "%d weeks have no value, up to %d in a row",
        quality["empty_weeks"],
        quality["longest_gap_in_weeks"],
    )
    return weeks[~empty].reset_index(drop=True), quality


def average_months(weeks: pd.DataFrame) -> pd.DataFrame:
    """Average the weeks of each month; a month without a week gets trend plus usual season."""
    by_month = weeks.groupby(weeks["date"].dt.to_period("M"))["co2"].agg(["mean", "size"])
    every = pd.period_range(by_month.index.min(), by_month.index.max(), freq="M")
    mean = by_month["mean"].reindex(every).to_numpy(float)
    count = by_month["size"].reindex(every, fill_value=0).to_numpy(int)
    time = np.arange(len(mean), dtype=float)
    known = count > 0
    design = harmonic_design(time, degree=3, harmonics=2)
    curve = design @ np.linalg.lstsq(design[known], mean[known], rcond=None)[0]
    departure = np.interp(time, time[known], (mean - curve)[known])
    filled = np.where(known, mean, curve + departure)
    print(f"{len(filled)} months, {int((~known).sum())} of them filled in")
    return pd.DataFrame(
        {"month": every.astype(str), "co2": filled.round(3), "weeks_measured": count}
    )


def split_history(
    monthly: pd.DataFrame, holdout_years: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Cut the months in three: to train on, to choose a model by, and to test it once."""
    size = holdout_years * YEAR
    if len(monthly) < 2 * size + 2 * TRIAL_YEARS * YEAR:
        raise ValueError(f"{len(monthly)} months are too few to hold out 2 x {size}")
    parts = (monthly.iloc[: -2 * size], monthly.iloc[-2 * size : -size], monthly.iloc[-size:])
    for name, part in zip(("training", "validation", "holdout"), parts, strict=True):
        print(f"{name:10} {part['month'].iloc[0]} to {part['month'].iloc[-1]}, {len(part)} months")
    return parts


# --- what the months say by themselves --------------------------------------------------------


def measure_growth(monthly: pd.DataFrame) -> dict[str, float]:
    """Measure the growth in ppm per year, decade by decade, by the median of all pairs of years."""
    years = monthly["month"].str[:4].astype(int)
    whole = years.groupby(years).transform("size") == YEAR
    means = monthly["co2"][whole].groupby(years[whole]).mean()
    decade = means.index // 10 * 10
    growth: dict[str, float] = {}
    for start, part in means.groupby(decade):
        if len(part) < 5:
            continue
        pairs = itertools.combinations(zip(part.index, part, strict=True), 2)
        slopes = [(late[1] - early[1]) / (late[0] - early[0]) for early, late in pairs]
        growth[f"{start}s"] = round(float(np.median(slopes)), 2)
    print("ppm per year:", ", ".join(f"{name} {value}" for name, value in growth.items()))
    return growth


def measure_season(monthly: pd.DataFrame) -> dict[str, Any]:
    """Measure the yearly swing, its highest and lowest month, and how far chance could move it."""
    values = monthly["co2"].to_numpy(float)
    weights = np.r_[0.5, np.ones(YEAR - 1), 0.5] / YEAR
    trend = np.convolve(values, weights, mode="valid")
    half = YEAR // 2
    departure = values[half:-half] - trend
    months = monthly["month"].str[5:].astype(int).to_numpy()[half:-half]
    whole = len(departure) // YEAR * YEAR
    table = departure[:whole].reshape(-1, YEAR)  # a row is one turn of the year
    order = months[:YEAR]
    mean = table.mean(axis=0)
    rng = np.random.default_rng(1958)
    drawn = rng.integers(0, len(table), size=(4000, len(table)))
    swings = np.ptp(table[drawn].mean(axis=1), axis=1)
    low, high = np.quantile(swings, [0.05, 0.95])
    season = {
        "swing_ppm": round(float(np.ptp(mean)), 2),
        "swing_90_percent": [round(float(low), 2), round(float(high), 2)],
        "highest_month": int(order[mean.argmax()]),
        "lowest_month": int(order[mean.argmin()]),
    }
    print(f"the year swings by {season['swing_ppm']} ppm")
    return season


# --- the models: each task finds the settings of one ------------------------------------------


def fit_last_year(training: pd.DataFrame) -> Model:
    """Set up the baseline: the value of a year ago plus the mean growth of some years."""
    return best_of("last_year", [{"growth_years": years} for years in range(1, 16)], training)


def fit_harmonics(training: pd.DataFrame) -> Model:
    """Set up a least-squares curve of trend and sine waves, moved to the latest months."""
    grid = [
        {"degree": degree, "harmonics": harmonics, "window_years": window, "anchor_months": anchor}
        for degree in (1, 2)
        for harmonics in (2, 3, 4)
        for window in (6, 8, 10, 14)
        for anchor in (1, 2, 4)
    ]
    return best_of("harmonics", grid, training)


def fit_smoothing(training: pd.DataFrame) -> Model:
    """Set up additive Holt-Winters smoothing by a search over its three weights at once."""
    values = training["co2"].to_numpy(float)
    axis = [
        np.arange(10, 91) / 100,  # level
        np.arange(0, 21) / 100,  # slope
        np.arange(2, 33) / 40,  # season
    ]
    level, slope, season = (part.ravel() for part in np.meshgrid(*axis, indexing="ij"))
    squares = smooth(values, level, slope, season)[3]
    best = int(squares.argmin())
    weights = {"level": level[best], "slope": slope[best], "season": season[best]}
    settings = {name: float(weight) for name, weight in weights.items()}
    print(f"smoothing: {len(squares)} settings tried, best {settings}")
    return {"kind": "smoothing", "settings": settings}


def fit_autoregression(training: pd.DataFrame) -> Model:
    """Set up an autoregression of the year-on-year rise with as many lags as AIC grants."""
    rise = year_on_year(training["co2"].to_numpy(float))
    longest = 36
    scores = {}
    for lags in range(1, longest + 1):
        design, target = lagged(rise, lags, skip=longest)
        residual = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
        scores[lags] = len(target) * np.log(np.mean(residual**2)) + 2 * (lags + 1)
    best = min(scores, key=lambda lags: scores[lags])
    print(f"autoregression: {len(scores)} settings tried, best {best} lags")
    return {"kind": "autoregression", "settings": {"lags": best}}


# --- trial, choice, test ----------------------------------------------------------------------


def evaluate(
    model: Model, training: pd.DataFrame, validation: pd.DataFrame, horizon_months: int
) -> Score:
    """Forecast from every month of the validation years, seeing only what lies before."""
    values = pd.concat([training["co2"], validation["co2"]]).to_numpy(float)
    errors = walk_forward(model, values, len(training), horizon_months)
    score = {"model": model, **summary(errors)}
    print(f"{model['kind']}: mean error {score['mae']} ppm over {len(errors)} forecasts")
    return score


def choose_model(*scores: Score) -> dict[str, Any]:
    """Choose the model with the smallest mean error in the validation years."""
    ranking = sorted(scores, key=lambda score: score["mae"])
    for place, score in enumerate(ranking, start=1):
        print(f"{place}. {score['model']['kind']:15} {score['mae']:.4f} ppm")
    return {
        "chosen": ranking[0]["model"],
        "validation": {
            score["model"]["kind"]: {name: score[name] for name in ("mae", "rmse", "bias")}
            for score in ranking
        },
    }


def confirm_choice(
    choice: dict[str, Any],
    baseline: Model,
    monthly: pd.DataFrame,
    holdout: pd.DataFrame,
    horizon_months: int,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Measure the chosen model, beside the baseline, on years that no task decided anything by."""
    values = monthly["co2"].to_numpy(float)
    start = len(values) - len(holdout)
    errors = walk_forward(choice["chosen"], values, start, horizon_months)
    plain = walk_forward(baseline, values, start, horizon_months)
    low, high = skill_range(errors, plain)
    skill = 1 - np.abs(errors).mean() / np.abs(plain).mean()
    test = {
        "months": f"{holdout['month'].iloc[0]} to {holdout['month'].iloc[-1]}",
        "chosen": summary(errors),
        "baseline": summary(plain),
        "skill_percent": round(100 * float(skill), 1),
        "skill_90_percent": [round(100 * low, 1), round(100 * high, 1)],
    }
    print(f"{test['skill_percent']} % smaller errors than the baseline")
    columns = [f"ahead_{step}" for step in range(1, horizon_months + 1)]
    return test, pd.DataFrame(errors, columns=columns)


def forecast_months(
    choice: dict[str, Any], test_errors: pd.DataFrame, monthly: pd.DataFrame, horizon_months: int
) -> pd.DataFrame:
    """Forecast the coming months, with the range that nine of ten errors of the test stayed in."""
    expected = predict(choice["chosen"], monthly["co2"].to_numpy(float), horizon_months)
    low, high = np.quantile(test_errors.to_numpy(float), [0.05, 0.95], axis=0)
    last = pd.Period(monthly["month"].iloc[-1], freq="M")
    months = pd.period_range(last + 1, periods=horizon_months, freq="M")
    return pd.DataFrame(
        {
            "month": months.astype(str),
            "co2": expected.round(2),
            "low": (expected - high).round(2),
            "high": (expected - low).round(2),
        }
    )


def write_report(
    quality: dict[str, Any],
    growth: dict[str, float],
    season: dict[str, Any],
    choice: dict[str, Any],
    test: dict[str, Any],
    forecast: pd.DataFrame,
) -> dict[str, Any]:
    """Put the numbers somebody would ask for into one small report."""
    kind = choice["chosen"]["kind"]
    mean = round(float(forecast["co2"].mean()), 1)
    first, last = forecast["month"].iloc[0], forecast["month"].iloc[-1]
    headline = (
        f"{kind} expects {mean} ppm on average from {first} to {last}; "
        f"in the test its mean error was {test['chosen']['mae']:.2f} ppm."
    )
    print(headline)
    return {
        "headline": headline,
        "chosen_model": choice["chosen"],
        "validation_errors_ppm": choice["validation"],
        "test": test,
        "growth_ppm_per_year": growth,
        "season": season,
        "forecast": forecast.to_dict(orient="records"),
        "data": quality,
    }
