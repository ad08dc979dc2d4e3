//! A person's alarms at the desk: the evidence, and one press that ends everything of theirs.

use leptos::prelude::*;

use crate::{
    api::{
        admin::KickUser,
        alarms::Alarm,
        desk::{CloseAlarm, UserDetail},
    },
    domain::alarm::{AlarmKind, Answer},
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm},
        components::{alarm::Uses, confirm::Confirm, message_field::MessageField, time_text::TimeText},
        locale::use_locale,
    },
};

#[derive(Clone, Copy)]
pub struct AlarmActs {
    pub kick: Act<KickUser>,
    pub close: Act<CloseAlarm>,
}

#[component]
pub fn UserAlarms(detail: Memo<UserDetail>, acts: AlarmActs, page: String) -> impl IntoView {
    let l = use_locale();
    let alarms = Memo::new(move |_| detail.with(|detail| detail.alarms.clone()));
    let some = Memo::new(move |_| !alarms.with(Vec::is_empty));
    let open = Memo::new(move |_| alarms.with(|alarms| alarms.iter().any(|alarm| alarm.answered_at.is_none())));
    let kept = detail.with_untracked(|detail| detail.kept);
    move || {
        let page = page.clone();
        some.get().then(|| {
            let back = page.clone();
            view! {
                <section class="section" aria-labelledby="alarms-title">
                    <h2 class="section__title" id="alarms-title">
                        {text!(l, alarm.section)}
                    </h2>
                    {move || (open.get() && kept).then(|| view! { <KickAll detail act=acts.kick page=page.clone() /> })}
                    {move || {
                        let now = detail.with_untracked(|detail| detail.server_now);
                        let item = |alarm| view! { <Item alarm now act=acts.close page=back.clone() /> };
                        alarms.get().into_iter().map(item).collect_view()
                    }}
                </section>
            }
        })
    }
}

#[component]
fn KickAll(detail: Memo<UserDetail>, act: Act<KickUser>, page: String) -> impl IntoView {
    let l = use_locale();
    let name = move || detail.with(|detail| detail.user.display_name.clone());
    view! {
        <Confirm
            button=text!(l, alarm.kick)
            question=Signal::derive(move || text!(l, alarm.kick_ask, name = name()))
        >
            <ActForm act page class="form">
                <input type="hidden" name="user_id" value=detail.with_untracked(|detail| detail.user.id.clone()) />
                <input type="hidden" name="close_alarms" value="true" />
                <MessageField id="alarm-message" />
                <button class="button button--danger" type="submit" disabled=move || act.pending().get()>
                    {text!(l, user.kick_all_confirm)}
                </button>
            </ActForm>
        </Confirm>
    }
}

#[component]
fn Item(alarm: Alarm, now: i64, act: Act<CloseAlarm>, page: String) -> impl IntoView {
    let l = use_locale();
    let story = match alarm.kind {
        AlarmKind::Reuse => text!(l, alarm.desk_reuse),
        AlarmKind::Late => text!(l, alarm.desk_late),
    };
    let open = alarm.answered_at.is_none();
    let close = open.then(|| {
        view! {
            <ActForm act page>
                <input type="hidden" name="alarm_id" value=alarm.id />
                <button class="button button--quiet button--small" type="submit" disabled=move || act.pending().get()>
                    {text!(l, alarm.close)}
                </button>
            </ActForm>
        }
    });
    view! {
        <article class=if open { "alarm" } else { "alarm alarm--closed" }>
            <p>
                {story} " " <TimeText at=alarm.at now /> " "
                <span class=if open { "badge badge--danger" } else { "badge" }>{answer(l, alarm.answer)}</span>
            </p>
            <Uses first=alarm.first second=alarm.second now />
            {close}
        </article>
    }
}

fn answer(l: Locale, answer: Option<Answer>) -> &'static str {
    match answer {
        None => text!(l, alarm.open),
        Some(Answer::Mine) => text!(l, alarm.answered_mine),
        Some(Answer::NotMine) => text!(l, alarm.answered_not_mine),
        Some(Answer::Admin) => text!(l, alarm.answered_admin),
    }
}
