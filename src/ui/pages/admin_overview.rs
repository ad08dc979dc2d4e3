//! The desk: what happens on this server, over an hour, a day or a month. It follows by itself, and stands still when asked to.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::overview::{OpenAlarm, Overview, Series, overview},
    domain::activity::{Kind, Range},
    i18n::td_string as text,
    ui::{
        components::{
            page_title::PageTitle,
            plot::{Plot, Plotted},
            time_text::TimeText,
        },
        fetch::{Followed, use_polled},
        locale::use_locale,
        paths, times,
    },
};

#[component]
pub fn AdminOverview() -> impl IntoView {
    let l = use_locale();
    let map = use_query_map();
    let range =
        Memo::new(move |_| map.with(|map| map.get("range")).and_then(|asked| Range::parse(&asked)).unwrap_or_default());
    let going = RwSignal::new(true);
    let read = use_polled(going, move || range.get(), |range| overview(range.as_str().to_owned()));
    view! {
        <PageTitle text=text!(l, overview.title) />
        <div class="page page--wide">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, overview.title)}</h1>
                <p class="page__lead">{text!(l, overview.lead)}</p>
            </header>
            <div class="tools">
                <nav class="tools__choice" aria-label=text!(l, overview.ranges)>
                    {Range::ALL.map(|choice| view! { <Choice choice range /> }).into_view()}
                </nav>
                <button
                    class="button button--quiet button--small needs-script"
                    type="button"
                    on:click=move |_| going.update(|going| *going = !*going)
                >
                    {move || if going.get() { text!(l, overview.pause) } else { text!(l, overview.resume) }}
                </button>
            </div>
            <Followed resource=read show=move |overview| view! { <Tiles overview going /> }.into_any() />
        </div>
    }
}

#[component]
fn Choice(choice: Range, range: Memo<Range>) -> impl IntoView {
    let l = use_locale();
    let name = match choice {
        Range::Hour => text!(l, overview.hour),
        Range::Day => text!(l, overview.day),
        Range::Month => text!(l, overview.month),
    };
    view! {
        <a href=paths::overview(choice) aria-current=move || (range.get() == choice).then_some("true")>
            {name}
        </a>
    }
}

#[component]
fn Tiles(overview: Memo<Overview>, going: RwSignal<bool>) -> impl IntoView {
    let l = use_locale();
    let time = move || times::date_time(l, overview.with(|overview| overview.server_now));
    let not_kept = Memo::new(move |_| overview.with(|overview| !overview.keeps_sessions));
    view! {
        <p class="tools__paused" role="status">
            {move || (!going.get()).then(|| text!(l, overview.paused, time = time()))}
        </p>
        <Alarms overview />
        <div class="tiles">
            {Kind::ALL
                .map(|kind| {
                    let plotted = Memo::new(move |_| overview.with(|overview| plotted(overview, kind)));
                    view! { <Plot plotted /> }
                })
                .into_view()}
        </div>
        {move || not_kept.get().then(|| view! { <p class="page__foot">{text!(l, overview.not_kept)}</p> })}
    }
}

/// Who waits for somebody to look.
#[component]
fn Alarms(overview: Memo<Overview>) -> impl IntoView {
    let l = use_locale();
    let open = Memo::new(move |_| overview.with(|overview| (overview.alarms_open, overview.alarms.clone())));
    move || {
        let ((count, newest), now) = (open.get(), overview.with_untracked(|overview| overview.server_now));
        let title = match count {
            0 => return None,
            1 => text!(l, alarm.count_single).to_owned(),
            count => text!(l, alarm.count, count),
        };
        let item = move |alarm: OpenAlarm| {
            view! {
                <li>
                    <a href=paths::user(&alarm.user_id)>{alarm.display_name}</a>
                    " "
                    <span class="person__email">{alarm.email}</span>
                    " · "
                    <TimeText at=alarm.at now />
                </li>
            }
        };
        Some(view! {
            <section class="alarm" aria-labelledby="alarms-title">
                <h2 class="alarm__title" id="alarms-title">
                    {title}
                </h2>
                <ul>{newest.into_iter().map(item).collect_view()}</ul>
            </section>
        })
    }
}

fn plotted(overview: &Overview, kind: Kind) -> Plotted {
    let series = overview.series.iter().find(|series| series.kind == kind);
    let values = series.map(|Series { values, .. }| values.clone()).unwrap_or_default();
    let Overview { range, from, step_ms, .. } = *overview;
    Plotted { kind, range, values, total: overview.total(kind), from, step_ms }
}
