//! How much there was, step by step: a figure with its plot, and the same as words and as a table.

use leptos::prelude::*;

use crate::{
    domain::activity::{Kind, Range},
    i18n::{Locale, td_string as text},
    ui::{locale::use_locale, times},
};

/// Height of a plot in its own measure; its width is the number of steps.
const HEIGHT: i64 = 100;

/// What is plotted: the steps from `from` on, each `step_ms` long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plotted {
    pub kind: Kind,
    pub range: Range,
    pub values: Vec<Option<i64>>,
    /// How many there are now; of what is counted as it comes, the sum.
    pub total: Option<i64>,
    pub from: i64,
    pub step_ms: i64,
}

impl Plotted {
    fn most(&self) -> i64 {
        self.values.iter().flatten().copied().max().unwrap_or(0)
    }

    /// The plot in a sentence.
    fn summary(&self, l: Locale) -> String {
        let (name, span) = (name(l, self.kind), span(l, self.range));
        let (total, most) = (grouped(self.total.unwrap_or(0)), grouped(self.most()));
        match self.kind {
            _ if self.most() == 0 => text!(l, overview.summary_none, name, span),
            Kind::Live => text!(l, overview.summary_live, name, total, most, span),
            _ => text!(l, overview.summary, name, total, span, most, step = times::span(l, self.step_ms)),
        }
    }

    /// All bars as one path. What is there at all can be seen, however little it is.
    fn path(&self) -> String {
        let most = self.most().max(1);
        let mut path = String::new();
        for (step, value) in self.values.iter().enumerate() {
            let Some(value) = value.filter(|value| *value > 0) else { continue };
            let top = HEIGHT - (value * HEIGHT / most).max(2);
            let bar = match self.kind {
                Kind::Live => format!("M{step} {HEIGHT}V{top}h1V{HEIGHT}z"),
                _ => format!("M{step}.1 {HEIGHT}V{top}h.8V{HEIGHT}z"),
            };
            path.push_str(&bar);
        }
        path
    }

    /// The steps that have any, newest first, each with its beginning.
    fn rows(&self) -> Vec<(i64, i64)> {
        let steps = (0..).map(|step| self.from + step * self.step_ms);
        let rows = steps.zip(&self.values).filter_map(|(at, value)| value.filter(|value| *value > 0).map(|n| (at, n)));
        let mut rows: Vec<_> = rows.collect();
        rows.reverse();
        rows
    }
}

#[component]
pub fn Plot(#[prop(into)] plotted: Signal<Plotted>) -> impl IntoView {
    let l = use_locale();
    let kind = plotted.with_untracked(|plotted| plotted.kind);
    let class = match kind {
        Kind::Kicks | Kind::Reuse => "plot plot--seal",
        Kind::Live => "plot plot--level",
        _ => "plot",
    };
    let view_box = move || format!("0 0 {} {HEIGHT}", plotted.with(|plotted| plotted.values.len()));
    view! {
        <section class="tile">
            <h2 class="tile__name">{name(l, kind)}</h2>
            <p class="tile__total">
                {move || match plotted.with(|plotted| plotted.total) {
                    Some(total) => view! { <strong>{grouped(total)}</strong> }.into_any(),
                    None => view! { <span>{text!(l, overview.unknown)}</span> }.into_any(),
                }}
                " "
                <span>
                    {move || match kind {
                        Kind::Live => text!(l, overview.now),
                        _ => span(l, plotted.with(|plotted| plotted.range)),
                    }}
                </span>
            </p>
            <svg
                class=class
                role="img"
                aria-label=move || plotted.with(|plotted| plotted.summary(l))
                viewBox=view_box
                preserveAspectRatio="none"
            >
                <path d=move || plotted.with(Plotted::path) />
            </svg>
            <p class="tile__scale" aria-hidden="true">
                <span>{move || short(l, &plotted.get())}</span>
                <span>{move || text!(l, overview.most, most = grouped(plotted.with(Plotted::most)))}</span>
            </p>
            <details class="tile__table">
                <summary>{text!(l, overview.table)} <span class="visually-hidden">": "{name(l, kind)}</span></summary>
                <Rows plotted />
            </details>
        </section>
    }
}

#[component]
fn Rows(plotted: Signal<Plotted>) -> impl IntoView {
    let l = use_locale();
    let caption = move || {
        plotted.with(|Plotted { kind, range, step_ms, .. }| {
            let (name, span) = (name(l, *kind), span(l, *range));
            text!(l, overview.caption, name, span, step = times::span(l, *step_ms))
        })
    };
    view! {
        <table class="counts">
            <caption>{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{text!(l, overview.time)}</th>
                    <th scope="col">{text!(l, overview.count)}</th>
                </tr>
            </thead>
            <tbody>
                {move || match plotted.with(Plotted::rows) {
                    rows if rows.is_empty() => view! { <tr><td colspan="2">{text!(l, overview.none)}</td></tr> }.into_any(),
                    rows => rows.into_iter().map(|(at, n)| row(l, at, n)).collect_view().into_any(),
                }}
            </tbody>
        </table>
    }
}

fn row(l: Locale, at: i64, n: i64) -> AnyView {
    view! {
        <tr>
            <td>
                <time datetime=times::machine(at)>{times::date_time(l, at)}</time>
            </td>
            <td>{grouped(n)}</td>
        </tr>
    }
    .into_any()
}

fn name(l: Locale, kind: Kind) -> &'static str {
    match kind {
        Kind::Live => text!(l, overview.live),
        Kind::SignIns => text!(l, overview.sign_ins),
        Kind::Failures => text!(l, overview.failures),
        Kind::Refreshes => text!(l, overview.refreshes),
        Kind::Kicks => text!(l, overview.kicks),
        Kind::Reuse => text!(l, overview.reuse),
    }
}

fn span(l: Locale, range: Range) -> &'static str {
    match range {
        Range::Hour => text!(l, overview.in_hour),
        Range::Day => text!(l, overview.in_day),
        Range::Month => text!(l, overview.in_month),
    }
}

/// Where the plot begins.
fn short(l: Locale, plotted: &Plotted) -> String {
    times::relative(l, plotted.from, plotted.from + plotted.step_ms * i64::try_from(plotted.values.len()).unwrap_or(0))
}

/// A number in groups of three digits.
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plotted(kind: Kind, values: Vec<Option<i64>>) -> Plotted {
        Plotted {
            kind,
            range: Range::Hour,
            total: Some(values.iter().flatten().sum()),
            values,
            from: 0,
            step_ms: 60_000,
        }
    }

    #[test]
    fn the_highest_bar_fills_the_plot_and_the_lowest_can_be_seen() {
        let path = plotted(Kind::SignIns, vec![Some(0), Some(1), Some(1000)]).path();
        assert_eq!(path, "M1.1 100V98h.8V100zM2.1 100V0h.8V100z");
        assert_eq!(plotted(Kind::Live, vec![None, Some(3)]).path(), "M1 100V0h1V100z");
        assert_eq!(plotted(Kind::Kicks, vec![Some(0); 3]).path(), "");
    }

    #[test]
    fn a_plot_is_told_in_a_sentence_and_as_rows() {
        let some = plotted(Kind::SignIns, vec![Some(0), Some(1200), Some(34)]);
        let told = "Sign-ins: 1,234 in the last hour. At most 1,200 in 1 minute.";
        assert_eq!(some.summary(Locale::en), told);
        assert_eq!(some.rows(), [(120_000, 34), (60_000, 1200)]);
        assert_eq!(
            plotted(Kind::Kicks, vec![Some(0)]).summary(Locale::ja),
            "管理者が終了したセッション：直近 1 時間は 0 件。"
        );
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!([0, 999, 1000, 1_234_567, -1000].map(grouped), ["0", "999", "1,000", "1,234,567", "-1,000"]);
    }
}
