//! A credential that came twice, as its owner is asked about it: both uses side by side, and two answers.

use leptos::{prelude::*, server_fn::ServerFn as _};

use crate::{
    api::alarms::{Alarm, AlarmAnswered, AnswerAlarm, Used},
    client::{call::with_renewal, sign_out::leave_by},
    domain::{
        alarm::{AlarmKind, Answer},
        session::EndReason,
    },
    i18n::{Locale, td_string as text},
    ui::{
        act::{Act, ActForm, on_success, use_act_by},
        components::{confirm::Confirm, facts::Fact, time_text::TimeText},
        locale::use_locale,
        paths, texts, times,
    },
};

/// The act of the page; in the routed page, as every act. `again` reads its content anew.
pub fn use_answer(again: impl Fn() + Copy + 'static) -> Act<AnswerAlarm> {
    let act = use_act_by(|given: AnswerAlarm| async move {
        let ends_this = Answer::parse_own(&given.answer) == Some(Answer::NotMine);
        let call = with_renewal(move || given.clone().run_on_client());
        if ends_this { leave_by(call, &paths::login(paths::SECURITY, EndReason::Revoked)).await } else { call.await }
    });
    on_success(act, move |answered: AlarmAnswered| {
        if !answered.signed_out {
            again();
        }
    });
    act
}

/// What an answer came to, in words.
pub fn answered_text(l: Locale, _: AlarmAnswered) -> String {
    text!(l, alarm.mine_done).to_owned()
}

/// The open alarms. They come and go; none is ever another.
#[component]
pub fn AlarmQuestions(
    #[prop(into)] alarms: Signal<Vec<Alarm>>,
    now: Signal<i64>,
    act: Act<AnswerAlarm>,
    page: &'static str,
) -> impl IntoView {
    let ids = Memo::new(move |_| alarms.with(|alarms| alarms.iter().map(|alarm| alarm.id.clone()).collect::<Vec<_>>()));
    move || {
        // Read, not only tracked: a memo that nobody reads follows nothing.
        ids.with(|_| ());
        let (alarms, now) = (alarms.get_untracked(), now.get_untracked());
        alarms.into_iter().map(|alarm| view! { <Question alarm now act page /> }).collect_view()
    }
}

#[component]
fn Question(alarm: Alarm, now: i64, act: Act<AnswerAlarm>, page: &'static str) -> impl IntoView {
    let l = use_locale();
    let when = times::relative(l, alarm.at, now);
    let story = match alarm.kind {
        AlarmKind::Reuse => text!(l, alarm.reuse, when),
        AlarmKind::Late => text!(l, alarm.late, when),
    };
    let title = format!("alarm-{}", alarm.id);
    let named_by = title.clone();
    let answer = move |id: String, answer: &'static str, class: &'static str, label: &'static str| {
        view! {
            <ActForm act page>
                <input type="hidden" name="alarm_id" value=id />
                <input type="hidden" name="answer" value=answer />
                <button class=class type="submit" disabled=move || act.pending().get()>
                    {label}
                </button>
            </ActForm>
        }
    };
    let (mine, not_mine) = (alarm.id.clone(), alarm.id);
    view! {
        <section class="alarm" aria-labelledby=named_by>
            <h2 class="alarm__title" id=title>
                {text!(l, alarm.title)}
            </h2>
            <p>{story}</p>
            <Uses first=alarm.first second=alarm.second now />
            <div class="alarm__ways">
                {answer(mine, "mine", "button button--quiet", text!(l, alarm.mine))}
                <Confirm button=text!(l, alarm.not_mine) question=Signal::stored(text!(l, alarm.not_mine_ask).to_owned())>
                    {answer(not_mine, "not_mine", "button button--danger", text!(l, alarm.not_mine_confirm))}
                </Confirm>
            </div>
        </section>
    }
}

/// The evidence: from where and with what the token was used, each time.
#[component]
pub fn Uses(first: Used, second: Used, now: i64) -> impl IntoView {
    let l = use_locale();
    let shown = move |used: Used| {
        view! {
            <span class="source">
                <span>{texts::device(l, &used.label)}</span>
                <span class="figures">{used.address}</span>
                <TimeText at=used.at now />
                {used.user_agent.map(|agent| view! { <code class="alarm__agent">{agent}</code> })}
            </span>
        }
    };
    view! {
        <dl class="facts facts--row">
            <Fact name=text!(l, alarm.first)>{shown(first)}</Fact>
            <Fact name=text!(l, alarm.second)>{shown(second)}</Fact>
        </dl>
    }
}
