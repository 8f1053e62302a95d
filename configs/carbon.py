"""Carbon dioxide at Mauna Loa: four ways to forecast it, tried against each other.

Every model is a small dictionary (its kind and its settings), so that it can be stored as JSON.
Its coefficients are fitted anew at each forecast, from the months known at that moment.
"""

from __future__ import annotations

import itertools
import logging
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]
Model = dict[str, Any]
Score = dict[str, Any]

YEAR = 12
TRIAL_YEARS = 10  # settings are tried on the last ten years of the training months
TRIAL_STEP = 4  # ... with a forecast at every fourth month
BASELINE = "last_year"
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
    design = _harmonic_design(time, degree=3, harmonics=2)
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
    return _best_of("last_year", [{"growth_years": years} for years in range(1, 16)], training)


def fit_harmonics(training: pd.DataFrame) -> Model:
    """Set up a least-squares curve of trend and sine waves, moved to the latest months."""
    grid = [
        {"degree": degree, "harmonics": harmonics, "window_years": window, "anchor_months": anchor}
        for degree in (1, 2)
        for harmonics in (2, 3, 4)
        for window in (6, 8, 10, 14)
        for anchor in (1, 2, 4)
    ]
    return _best_of("harmonics", grid, training)


def fit_smoothing(training: pd.DataFrame) -> Model:
    """Set up additive Holt-Winters smoothing by a search over its three weights at once."""
    values = training["co2"].to_numpy(float)
    axis = [
        np.arange(10, 91) / 100,  # level
        np.arange(0, 21) / 100,  # slope
        np.arange(2, 33) / 40,  # season
    ]
    level, slope, season = (part.ravel() for part in np.meshgrid(*axis, indexing="ij"))
    squares = _smooth(values, level, slope, season)[3]
    best = int(squares.argmin())
    weights = {"level": level[best], "slope": slope[best], "season": season[best]}
    settings = {name: float(weight) for name, weight in weights.items()}
    print(f"smoothing: {len(squares)} settings tried, best {settings}")
    return {"kind": "smoothing", "settings": settings}


def fit_autoregression(training: pd.DataFrame) -> Model:
    """Set up an autoregression of the year-on-year rise with as many lags as AIC grants."""
    rise = _year_on_year(training["co2"].to_numpy(float))
    longest = 36
    scores = {}
    for lags in range(1, longest + 1):
        design, target = _lagged(rise, lags, skip=longest)
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
    errors = _walk_forward(model, values, len(training), horizon_months)
    score = {"model": model, **_summary(errors)}
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
    errors = _walk_forward(choice["chosen"], values, start, horizon_months)
    plain = _walk_forward(baseline, values, start, horizon_months)
    low, high = _skill_range(errors, plain)
    skill = 1 - np.abs(errors).mean() / np.abs(plain).mean()
    test = {
        "months": f"{holdout['month'].iloc[0]} to {holdout['month'].iloc[-1]}",
        "chosen": _summary(errors),
        "baseline": _summary(plain),
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
    expected = _predict(choice["chosen"], monthly["co2"].to_numpy(float), horizon_months)
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


# --- forecasting ------------------------------------------------------------------------------


def _predict(model: Model, history: Values, months: int) -> Values:
    """Forecast the months after `history` with one of the four kinds of model."""
    settings = model["settings"]
    if model["kind"] == "last_year":
        return _predict_last_year(history, months, **settings)
    if model["kind"] == "harmonics":
        return _predict_harmonics(history, months, **settings)
    if model["kind"] == "smoothing":
        return _predict_smoothing(history, months, **settings)
    if model["kind"] == "autoregression":
        return _predict_autoregression(history, months, **settings)
    raise ValueError(f"unknown kind of model: {model['kind']}")


def _predict_last_year(history: Values, months: int, growth_years: int) -> Values:
    """Repeat the last twelve months, raised by the mean growth of the last years."""
    rise = _year_on_year(history)[-growth_years * YEAR :].mean()
    steps = np.arange(months)
    return history[-YEAR:][steps % YEAR] + rise * (1 + steps // YEAR)


def _predict_harmonics(
    history: Values,
    months: int,
    degree: int,
    harmonics: int,
    window_years: int,
    anchor_months: int,
) -> Values:
    """Continue a curve fitted to the last years, shifted by what it missed of late."""
    recent = history[-window_years * YEAR :]
    known = len(recent)
    design = _harmonic_design(np.arange(known + months, dtype=float), degree, harmonics, known)
    curve = design @ np.linalg.lstsq(design[:known], recent, rcond=None)[0]
    return curve[known:] + (recent - curve[:known])[-anchor_months:].mean()


def _predict_smoothing(
    history: Values, months: int, level: float, slope: float, season: float
) -> Values:
    """Continue level, slope and season as they stand at the end of the history."""
    weights = (np.array([weight]) for weight in (level, slope, season))
    base, rise, seasons, _ = _smooth(history, *weights)
    steps = np.arange(months)
    turn = (len(history) + steps) % YEAR
    return base[0] + (steps + 1) * rise[0] + seasons[turn, 0]


def _predict_autoregression(history: Values, months: int, lags: int) -> Values:
    """Continue the year-on-year rise step by step and add it to the year before."""
    rise = _year_on_year(history)
    design, target = _lagged(rise, lags)
    weights = np.linalg.lstsq(design, target, rcond=None)[0]
    values, rises = list(history), list(rise)
    for _ in range(months):
        rises.append(weights[0] + weights[1:] @ np.array(rises[: -lags - 1 : -1]))
        values.append(values[-YEAR] + rises[-1])
    return np.array(values[len(history) :])


def _smooth(
    values: Values, level: Values, slope: Values, season: Values
) -> tuple[Values, Values, Values, Values]:
    """Run Holt-Winters for many weights at once: level, slope, seasons, mean squared error."""
    years = values[: 2 * YEAR].reshape(2, YEAR).mean(axis=1)
    rise = np.full(level.shape, (years[1] - years[0]) / YEAR)
    middle = years[0] + rise[0] * (np.arange(YEAR) - (YEAR - 1) / 2)
    seasons = np.repeat((values[:YEAR] - middle)[:, None], len(level), axis=1)
    base = np.full(level.shape, middle[-1])
    squares = np.zeros(level.shape)
    for moment in range(YEAR, len(values)):
        usual = seasons[moment % YEAR]
        error = values[moment] - (base + rise + usual)
        squares += error**2
        raised = base + rise + level * error
        rise = rise + level * slope * error
        seasons[moment % YEAR] = usual + season * (1 - level) * error
        base = raised
    return base, rise, seasons, squares / (len(values) - YEAR)


def _harmonic_design(time: Values, degree: int, harmonics: int, known: int | None = None) -> Values:
    """Make the columns of a polynomial trend and of sine and cosine waves of the year."""
    scaled = time / (known or len(time))
    columns = [scaled**power for power in range(degree + 1)]
    for wave in range(1, harmonics + 1):
        angle = 2 * np.pi * wave * time / YEAR
        columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns)


def _year_on_year(values: Values) -> Values:
    """Give the rise of each month over the same month of the year before."""
    return values[YEAR:] - values[:-YEAR]


def _lagged(series: Values, lags: int, skip: int | None = None) -> tuple[Values, Values]:
    """Lay out a series for an autoregression: a row of one and the lags, latest first."""
    start = skip or lags
    columns = [series[start - lag : len(series) - lag] for lag in range(1, lags + 1)]
    return np.column_stack([np.ones(len(series) - start), *columns]), series[start:]


# --- errors -----------------------------------------------------------------------------------


def _walk_forward(model: Model, values: Values, start: int, months: int, step: int = 1) -> Values:
    """Give forecast minus truth: a row for each moment of forecasting, a column for each month."""
    moments = range(start, len(values) - months + 1, step)
    rows = [_predict(model, values[:now], months) - values[now : now + months] for now in moments]
    return np.array(rows)


def _best_of(kind: str, grid: list[dict[str, int]], training: pd.DataFrame) -> Model:
    """Give the settings with the smallest mean error in the last years of training."""
    values = training["co2"].to_numpy(float)
    start = len(values) - TRIAL_YEARS * YEAR
    models = [{"kind": kind, "settings": settings} for settings in grid]
    errors = [
        float(np.abs(_walk_forward(model, values, start, YEAR, TRIAL_STEP)).mean())
        for model in models
    ]
    best = int(np.argmin(errors))
    print(f"{kind}: {len(grid)} settings tried, best {grid[best]}")
    return models[best]


def _summary(errors: Values) -> dict[str, float]:
    """Sum errors up in ppm: mean absolute error, root mean square, bias, last month's error."""
    return {
        "mae": round(float(np.abs(errors).mean()), 3),
        "rmse": round(float(np.sqrt((errors**2).mean())), 3),
        "bias": round(float(errors.mean()), 3),
        "mae_last_month": round(float(np.abs(errors[:, -1]).mean()), 3),
    }


def _skill_range(errors: Values, plain: Values) -> tuple[float, float]:
    """Give the 90 % range of the skill by drawing whole years of forecasts with replacement."""
    rng = np.random.default_rng(2001)
    ours, theirs = np.abs(errors).mean(axis=1), np.abs(plain).mean(axis=1)
    blocks = -(-len(ours) // YEAR)
    starts = rng.integers(0, len(ours) - YEAR + 1, size=(4000, blocks))
    drawn = (starts[:, :, None] + np.arange(YEAR)).reshape(4000, -1)
    low, high = np.quantile(1 - ours[drawn].mean(axis=1) / theirs[drawn].mean(axis=1), [0.05, 0.95])
    return float(low), float(high)
