"""The four kinds of forecast that the example tries, and how their errors are measured.

Every model is a small dictionary (its kind and its settings), so that it can be stored as JSON.
Its coefficients are fitted anew at each forecast, from the months known at that moment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]
Model = dict[str, Any]

YEAR = 12
TRIAL_YEARS = 10  # settings are tried on the last ten years of the training months
TRIAL_STEP = 4  # ... with a forecast at every fourth month


def predict(model: Model, history: Values, months: int) -> Values:
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
    rise = year_on_year(history)[-growth_years * YEAR :].mean()
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
    design = harmonic_design(np.arange(known + months, dtype=float), degree, harmonics, known)
    curve = design @ np.linalg.lstsq(design[:known], recent, rcond=None)[0]
    return curve[known:] + (recent - curve[:known])[-anchor_months:].mean()


def _predict_smoothing(
    history: Values, months: int, level: float, slope: float, season: float
) -> Values:
    """Continue level, slope and season as they stand at the end of the history."""
    weights = (np.array([weight]) for weight in (level, slope, season))
    base, rise, seasons, _ = smooth(history, *weights)
    steps = np.arange(months)
    turn = (len(history) + steps) % YEAR
    return base[0] + (steps + 1) * rise[0] + seasons[turn, 0]


def _predict_autoregression(history: Values, months: int, lags: int) -> Values:
    """Continue the year-on-year rise step by step and add it to the year before."""
    rise = year_on_year(history)
    design, target = lagged(rise, lags)
    weights = np.linalg.lstsq(design, target, rcond=None)[0]
    values, rises = list(history), list(rise)
    for _ in range(months):
        rises.append(weights[0] + weights[1:] @ np.array(rises[: -lags - 1 : -1]))
        values.append(values[-YEAR] + rises[-1])
    return np.array(values[len(history) :])


def smooth(
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


def harmonic_design(time: Values, degree: int, harmonics: int, known: int | None = None) -> Values:
    """Make the columns of a polynomial trend and of sine and cosine waves of the year."""
    scaled = time / (known or len(time))
    columns = [scaled**power for power in range(degree + 1)]
    for wave in range(1, harmonics + 1):
        angle = 2 * np.pi * wave * time / YEAR
        columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns)


def year_on_year(values: Values) -> Values:
    """Give the rise of each month over the same month of the year before."""
    return values[YEAR:] - values[:-YEAR]


def lagged(series: Values, lags: int, skip: int | None = None) -> tuple[Values, Values]:
    """Lay out a series for an autoregression: a row of one and the lags, latest first."""
    start = skip or lags
    columns = [series[start - lag : len(series) - lag] for lag in range(1, lags + 1)]
    return np.column_stack([np.ones(len(series) - start), *columns]), series[start:]


# --- errors -----------------------------------------------------------------------------------


def walk_forward(model: Model, values: Values, start: int, months: int, step: int = 1) -> Values:
    """Give forecast minus truth: a row for each moment of forecasting, a column for each month."""
    moments = range(start, len(values) - months + 1, step)
    rows = [predict(model, values[:now], months) - values[now : now + months] for now in moments]
    return np.array(rows)


def best_of(kind: str, grid: list[dict[str, int]], training: pd.DataFrame) -> Model:
    """Give the settings with the smallest mean error in the last years of training."""
    values = training["co2"].to_numpy(float)
    start = len(values) - TRIAL_YEARS * YEAR
    models = [{"kind": kind, "settings": settings} for settings in grid]
    errors = [
        float(np.abs(walk_forward(model, values, start, YEAR, TRIAL_STEP)).mean())
        for model in models
    ]
    best = int(np.argmin(errors))
    print(f"{kind}: {len(grid)} settings tried, best {grid[best]}")
    return models[best]


def summary(errors: Values) -> dict[str, float]:
    """Sum errors up in ppm: mean absolute error, root mean square, bias, last month's error."""
    return {
        "mae": round(float(np.abs(errors).mean()), 3),
        "rmse": round(float(np.sqrt((errors**2).mean())), 3),
        "bias": round(float(errors.mean()), 3),
        "mae_last_month": round(float(np.abs(errors[:, -1]).mean()), 3),
    }


def skill_range(errors: Values, plain: Values) -> tuple[float, float]:
    """Give the 90 % range of the skill by drawing whole years of forecasts with replacement."""
    rng = np.random.default_rng(2001)
    ours, theirs = np.abs(errors).mean(axis=1), np.abs(plain).mean(axis=1)
    blocks = -(-len(ours) // YEAR)
    starts = rng.integers(0, len(ours) - YEAR + 1, size=(4000, blocks))
    drawn = (starts[:, :, None] + np.arange(YEAR)).reshape(4000, -1)
    low, high = np.quantile(1 - ours[drawn].mean(axis=1) / theirs[drawn].mean(axis=1), [0.05, 0.95])
    return float(low), float(high)
