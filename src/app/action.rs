//! Changing AWS: a plan is made, shown and confirmed; the state is read again before anything is sent, and if it moved the
//! plan is shown anew; what was sent is sent once; then the rollout is followed.
//!
//! ```text
//!  R ─────────────▶ Deciding ──confirm──▶ Rereading ──unmoved──▶ Sending ──accepted──▶ Watching
//!  S ─▶ number ───────▲  ▲────────moved──────┘                      └──failed──▶ Failed
//! ```

use jiff::Timestamp;
use serde::Serialize;

use super::App;
use super::command::Command;
use super::key::{Key, KeyPress};
use super::layout::{layout, overlay_body};
use super::line_input::LineInput;
use super::message::{Effect, Urgency};
use super::overlay::{Button, Confirmation, Overlay, ScaleEntry, Stage};
use super::remote::RequestId;
use super::screens::confirmation;
use crate::actions::plan::{Place, Plan};
use crate::actions::rollout::{Progress, Verdict, Watch};
use crate::model::arn::{ClusterName, ServiceArn};
use crate::model::call::CallError;
use crate::model::load_balancing::Target;
use crate::model::query::{Answer, Mutation, Query};
use crate::model::service::Service;

/// A change that was accepted and is being followed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watching {
    /// What to look for.
    pub watch: Watch,
    /// Name of the service, which may be gone by now.
    pub service_name: String,
    /// How it goes.
    pub progress: Progress,
}

impl Watching {
    /// The service being followed.
    pub const fn service(&self) -> &ServiceArn {
        self.watch.mutation.service()
    }
}

impl App {
    /// Whether AWS would accept the change a command stands for, as far as the state of the selected service tells.
    pub(super) fn action_legality(&self, command: Command) -> Result<(), String> {
        let Some(service) = self.selected_service() else {
            return Ok(());
        };
        let cluster = ClusterName::from(&service.cluster);
        let mutation = match command {
            Command::Redeploy => Mutation::ForceNewDeployment { cluster, service: service.arn.clone() },
            _ => Mutation::Scale { cluster, service: service.arn.clone(), desired: service.desired.saturating_add(1) },
        };
        Plan::new(mutation, service, self.place(service)).map(|_| ()).map_err(|refusal| refusal.to_string())
    }

    fn place(&self, service: &Service) -> Place {
        Place {
            account: self.account().map(str::to_owned),
            profile: self.connection.as_ref().and_then(|connection| connection.profile.clone()),
            region: self.connection.as_ref().and_then(|connection| connection.region.clone()),
            cluster: ClusterName::from(&service.cluster),
        }
    }

    /// `R`: shows the plan of a new deployment.
    pub(super) fn propose_redeploy(&mut self) {
        if let Some(service) = self.selected_service() {
            let cluster = ClusterName::from(&service.cluster);
            let service = service.arn.clone();
            self.propose(Mutation::ForceNewDeployment { cluster, service }, None);
        }
    }

    /// `S`: asks for the number of tasks.
    pub(super) fn ask_for_count(&mut self) {
        if let Some(service) = self.selected_service() {
            let entry = ScaleEntry {
                service: service.arn.clone(),
                input: LineInput::new(&service.desired.to_string()),
                untouched: true,
                problem: None,
            };
            self.overlay = Some(Overlay::Scale(entry));
        }
    }

    fn propose(&mut self, mutation: Mutation, moved: Option<String>) {
        let Some(service) = self.store.service(mutation.service()) else {
            self.notify("the service is gone");
            self.overlay = None;
            return;
        };
        match Plan::new(mutation, service, self.place(service)) {
            Ok(plan) => {
                let stage = Stage::Deciding { focus: Button::Cancel, moved };
                self.overlay = Some(Overlay::Confirm(Box::new(Confirmation { plan, stage })));
            }
            Err(refusal) => {
                self.overlay = None;
                self.notify(refusal.to_string());
            }
        }
    }

    /// A key while the number of tasks is being typed.
    pub(super) fn scale_key(&mut self, press: KeyPress) {
        let Some(Overlay::Scale(entry)) = &mut self.overlay else {
            return;
        };
        match press.key {
            // No number has letters in it, so that q does what it does elsewhere.
            Key::Esc | Key::Char('q') => self.overlay = None,
            Key::Char(character) if !character.is_ascii_digit() && !press.ctrl && !press.alt => {}
            Key::Enter => match entry.input.text().trim().parse::<u32>() {
                Ok(desired) => {
                    let service = entry.service.clone();
                    if let Some(cluster) = self.store.service(&service).map(|known| ClusterName::from(&known.cluster)) {
                        self.propose(Mutation::Scale { cluster, service, desired }, None);
                    }
                }
                Err(_) => entry.problem = Some("a whole number, 0 or more".to_owned()),
            },
            Key::Up | Key::Down => {
                let count = entry.input.text().trim().parse::<u32>().unwrap_or_default();
                let count = if press.key == Key::Up { count.saturating_add(1) } else { count.saturating_sub(1) };
                entry.replace(&count.to_string());
            }
            Key::Char(_) | Key::Backspace | Key::Delete if entry.untouched => {
                entry.replace("");
                entry.input.key(press);
            }
            _ => {
                entry.problem = None;
                entry.untouched = false;
                entry.input.key(press);
            }
        }
    }

    /// A key while a plan is on the screen. `Y` confirms and every lower-case letter is harmless; holding down the key that
    /// opened the plan never confirms it.
    pub(super) fn confirmation_key(&mut self, press: KeyPress) -> Vec<Effect> {
        let Some(Overlay::Confirm(confirmation)) = &mut self.overlay else {
            return Vec::new();
        };
        let copies = press == KeyPress::plain(Key::Char('y'));
        if copies {
            let command = confirmation.plan.command.clone();
            return self.copy(command);
        }
        match (&mut confirmation.stage, press.key) {
            (Stage::Deciding { focus: Button::Confirm, .. }, Key::Enter) | (Stage::Deciding { .. }, Key::Char('Y')) => {
                self.confirm()
            }
            (
                Stage::Deciding { focus, .. },
                Key::Left | Key::Right | Key::Tab | Key::BackTab | Key::Char('h' | 'l'),
            ) => {
                *focus = match focus {
                    Button::Cancel => Button::Confirm,
                    Button::Confirm => Button::Cancel,
                };
                Vec::new()
            }
            // What is on its way cannot be called back, so there is nothing to cancel; the overlay stays until AWS answers.
            (Stage::Sending(_), _) => Vec::new(),
            (_, Key::Esc | Key::Enter | Key::Char('q' | 'n')) => {
                self.overlay = None;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// What did not fit the screen was not shown, and what was not shown is not confirmed.
    fn confirm(&mut self) -> Vec<Effect> {
        if self.plan_is_readable() {
            return self.reread();
        }
        self.notify("enlarge the screen to read the plan");
        Vec::new()
    }

    fn plan_is_readable(&self) -> bool {
        let area = overlay_body(self);
        layout(self).is_some()
            && self.confirmation().is_some_and(|confirmation| {
                confirmation::is_readable(confirmation, usize::from(area.width), usize::from(area.height))
            })
    }

    fn reread(&mut self) -> Vec<Effect> {
        let Some(Overlay::Confirm(confirmation)) = &self.overlay else {
            return Vec::new();
        };
        let cluster = confirmation.plan.mutation.cluster().clone();
        let services = vec![confirmation.plan.mutation.service().clone()];
        let (request, effect) = self.ask(Query::Services { cluster, services }, Urgency::Interactive);
        if let Some(Overlay::Confirm(confirmation)) = &mut self.overlay {
            confirmation.stage = Stage::Rereading(request);
        }
        vec![effect]
    }

    /// The service a confirmed plan waits for, as this very answer tells it; nothing else counts as read again.
    pub(super) fn reread_in(
        &self,
        request: RequestId,
        result: &Result<Answer, CallError>,
    ) -> Option<Result<Option<Service>, CallError>> {
        let Some(Overlay::Confirm(confirmation)) = &self.overlay else {
            return None;
        };
        let wanted = confirmation.plan.mutation.service();
        let read = result.as_ref().map(|answer| match answer {
            Answer::Services(services) => services.iter().find(|service| service.arn == *wanted).cloned(),
            _ => None,
        });
        (confirmation.stage == Stage::Rereading(request)).then(|| read.map_err(Clone::clone))
    }

    /// The state was read again for a confirmed plan: sends the change, or shows the plan anew if the state moved.
    pub(super) fn reread_answered(&mut self, read: Result<Option<Service>, CallError>) -> Vec<Effect> {
        let Some(Overlay::Confirm(confirmation)) = &mut self.overlay else {
            return Vec::new();
        };
        let current = match read {
            Ok(current) => current,
            Err(error) => {
                confirmation.stage = Stage::Failed(error);
                return Vec::new();
            }
        };
        let mutation = confirmation.plan.mutation.clone();
        let Some(current) = current else {
            self.propose(mutation, None);
            return Vec::new();
        };
        if let Some(moved) = confirmation.plan.moved(&current) {
            self.propose(mutation, Some(moved));
            return Vec::new();
        }
        let request = self.requests.name();
        confirmation.stage = Stage::Sending(request);
        vec![Effect::Change { request, mutation }]
    }

    /// AWS took the change, or did not.
    pub(super) fn change_answered(&mut self, request: RequestId, result: Result<Service, CallError>) {
        let Some(Overlay::Confirm(confirmation)) = &mut self.overlay else {
            return;
        };
        if confirmation.stage != Stage::Sending(request) {
            return;
        }
        let mutation = confirmation.plan.mutation.clone();
        match result {
            Ok(service) => {
                let name = service.name.clone();
                let watch = Watch::new(mutation, &service, self.aws_now());
                self.overlay = None;
                self.follow(watch, name, &service);
                self.store.accepted(service, self.moment());
            }
            Err(mut error) => {
                // Nobody knows whether it arrived; sending it again blindly could do it twice.
                if error.kind.leaves_change_open() {
                    error.hint = Some(
                        "it may or may not have been carried out; look at the deployments before trying again"
                            .to_owned(),
                    );
                }
                confirmation.stage = Stage::Failed(error);
                self.store.outdate_service(mutation.service());
            }
        }
    }

    fn follow(&mut self, watch: Watch, service_name: String, service: &Service) {
        self.watches.retain(|watching| watching.service() != watch.mutation.service());
        let progress = watch.progress(service, &[], self.aws_now());
        self.watches.insert(0, Watching { watch, service_name, progress });
    }

    /// Brings what is being followed up to date with what is known.
    pub(super) fn update_watches(&mut self) {
        let now = self.aws_now();
        // What has settled is over: it keeps the time it took.
        for watching in self.watches.iter_mut().filter(|watching| watching.progress.verdict != Verdict::Steady) {
            let Some(service) = self.store.service(watching.watch.mutation.service()) else { continue };
            let groups = service.target_groups();
            let targets: Vec<&[Target]> =
                groups.iter().filter_map(|group| self.store.target_health(group).value()).collect();
            watching.progress = watching.watch.progress(service, &targets, now);
        }
    }

    /// Shows a short message that goes away by itself.
    pub(super) fn notify(&mut self, text: impl Into<String>) {
        self.notice = Some(super::Notice { text: text.into(), at: self.now });
    }

    /// When the short message appeared, if there is one.
    pub(super) fn notice_since(&self) -> Option<Timestamp> {
        self.notice.as_ref().map(|notice| notice.at)
    }
}
