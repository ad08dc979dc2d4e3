//! Where one is signed in: the passes, the own one first, and the ways to end them.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        alarms::AnswerAlarm,
        devices::{Device, Devices, Ended, RevokeDevice, RevokeOtherDevices, list_devices},
        events::What,
    },
    domain::device_label::DeviceLabel,
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, Outcome, on_success, use_act, use_replacing_act},
        components::{
            alarm::{AlarmQuestions, answered_text, use_answer},
            alert::{DoneSlot, ErrorSlot},
            confirm::Confirm,
            kept_text::KeptText,
            page_title::PageTitle,
            pager::Pager,
            pass::{Pass, PassAct, PassFacts, Passes},
            states::Empty,
        },
        fetch::{Followed, use_live},
        locale::use_locale,
        pages::sign_out::SignOutForm,
        paths, texts, times,
    },
};

#[component]
pub fn DevicesPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query_map();
    let cursor = Memo::new(move |_| query.with(|query| query.get("cursor")).unwrap_or_default());
    let devices = use_live(What::Devices, move || cursor.get(), list_devices);
    let (revoke, revoke_others) = (use_act::<RevokeDevice>(), use_replacing_act::<RevokeOtherDevices>());
    on_success(revoke, move |_| devices.refetch());
    on_success(revoke_others, move |_| devices.refetch());
    let say = move |ended: Ended| done_text(l, ended.ended);
    let answer = use_answer(move || devices.refetch());
    let outcome = Outcome::default().follow(revoke, say).follow(revoke_others, say);
    let outcome = outcome.follow(answer, move |answered| answered_text(l, answered));
    view! {
        <PageTitle text=text!(l, devices.title) />
        <div class="page">
            <header class="page__head">
                <h1 tabindex="-1">{text!(l, devices.title)}</h1>
                <p class="page__lead">
                    <KeptText kept=text!(l, devices.lead) unkept=text!(l, devices.lead_unkept) />
                </p>
            </header>
            <ErrorSlot error=outcome.error />
            <DoneSlot text=outcome.done />
            <Followed resource=devices show=move |devices| view! { <Content devices cursor revoke revoke_others answer /> }.into_any() />
        </div>
    }
}

#[component]
fn Content(
    devices: Memo<Devices>,
    cursor: Memo<String>,
    revoke: Act<RevokeDevice>,
    revoke_others: Act<RevokeOtherDevices>,
    answer: Act<AnswerAlarm>,
) -> impl IntoView {
    let l = use_locale();
    let alarms = Signal::derive(move || devices.with(|devices| devices.alarms.clone()));
    let now = Signal::derive(move || devices.with(|devices| devices.server_now));
    let kept = devices.with_untracked(|devices| devices.kept);
    view! {
        <AlarmQuestions alarms now act=answer page=paths::DEVICES />
        <section class="section" aria-labelledby="own-title">
            <h2 class="section__title" id="own-title">
                {text!(l, devices.yours)}
            </h2>
            {listed(devices, true)
                .into_iter()
                .map(|(_, first)| {
                    let own = Signal::derive(move || {
                        listed(devices, true).pop().map_or_else(|| first.clone(), |(_, facts)| facts)
                    });
                    view! {
                        <Pass facts=own>
                            <SignOutForm label=text!(l, devices.sign_out_here) />
                        </Pass>
                    }
                })
                .collect_view()}
        </section>
        {if kept {
            view! {
                <Others devices cursor revoke revoke_others />
                <p class="page__foot">{text!(l, devices.explain)}</p>
            }
                .into_any()
        } else {
            let ends_at = devices.with_untracked(|devices| devices.devices.first().and_then(|own| own.ends_at));
            view! { <Unkept ends_at /> }.into_any()
        }}
    }
}

/// The own pass, or those of the other devices.
fn listed(devices: Memo<Devices>, current: bool) -> Vec<(String, PassFacts)> {
    devices.with(|devices| {
        let wanted = devices.devices.iter().filter(|device| device.current == current);
        let entry = |device: &Device| (device.session_id.clone(), PassFacts::of_device(device, devices.server_now));
        wanted.map(entry).collect()
    })
}

#[component]
fn Others(
    devices: Memo<Devices>,
    cursor: Memo<String>,
    revoke: Act<RevokeDevice>,
    revoke_others: Act<RevokeOtherDevices>,
) -> impl IntoView {
    let l = use_locale();
    let others = Signal::derive(move || listed(devices, false));
    let count = Memo::new(move |_| {
        devices.with(|all| all.total.saturating_sub(all.devices.iter().filter(|device| device.current).count() as u64))
    });
    let later = Memo::new(move |_| devices.with(|_| !cursor.get_untracked().is_empty()));
    let next = Memo::new(move |_| devices.with(|devices| devices.next.clone()));
    let alone = Memo::new(move |_| count.get() == 0);
    let act: PassAct = Arc::new(move |id, label| view! { <SignOutDevice id label revoke /> }.into_any());
    view! {
        <section class="section" aria-labelledby="others-title">
            <h2 class="section__title" id="others-title">
                {text!(l, devices.others)}
                {move || (!alone.get()).then(|| view! { <span class="count">{move || count.get()}</span> })}
            </h2>
            {move || {
                if alone.get() {
                    view! { <Empty title=text!(l, devices.alone) text=text!(l, devices.alone_text) /> }.into_any()
                } else {
                    view! {
                        <Passes passes=others act=Arc::clone(&act) />
                        {move || {
                            view! { <Pager page=paths::DEVICES query=String::new() later=later.get() next=next.get() /> }
                        }}
                        <SignOutOthers count act=revoke_others />
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

/// Where the signed token is all there is: what that can't do, and until when it counts.
#[component]
fn Unkept(ends_at: Option<i64>) -> impl IntoView {
    let l = use_locale();
    let until = match ends_at {
        Some(at) => text!(l, devices.unkept_until, at = times::date_time(l, at)),
        None => text!(l, devices.unkept_forever).to_owned(),
    };
    view! {
        <section class="section" aria-labelledby="unkept-title">
            <h2 class="section__title" id="unkept-title">
                {text!(l, devices.unkept_title)}
            </h2>
            <p>{text!(l, devices.unkept_list)}</p>
            <p>{until}</p>
            <p>{text!(l, devices.unkept_out)}</p>
        </section>
    }
}

#[component]
fn SignOutDevice(id: String, label: DeviceLabel, revoke: Act<RevokeDevice>) -> impl IntoView {
    let l = use_locale();
    let label = text!(l, devices.sign_out_device, device = texts::device(l, &label));
    view! {
        <ActForm act=revoke page=paths::DEVICES>
            <input type="hidden" name="session_id" value=id />
            <button
                class="button button--danger-quiet"
                type="submit"
                aria-label=label
                disabled=move || revoke.pending().get()
            >
                {text!(l, devices.sign_out)}
            </button>
        </ActForm>
    }
}

#[component]
fn SignOutOthers(count: Memo<u64>, act: Act<RevokeOtherDevices>) -> impl IntoView {
    let l = use_locale();
    let question = move || match count.get() {
        1 => text!(l, devices.others_ask_single).to_owned(),
        count => text!(l, devices.others_ask, count),
    };
    let confirm = move || match count.get() {
        1 => text!(l, devices.others_confirm_single).to_owned(),
        count => text!(l, devices.others_confirm, count),
    };
    view! {
        <Confirm button=text!(l, devices.others_button) question=Signal::derive(question)>
            <ActForm act page=paths::DEVICES>
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {confirm}
                </button>
            </ActForm>
        </Confirm>
    }
}

fn done_text(l: Locale, ended: u64) -> String {
    match ended {
        0 => text!(l, devices.ended_none).to_owned(),
        1 => text!(l, devices.ended_single).to_owned(),
        count => text!(l, devices.ended_many, count),
    }
}
