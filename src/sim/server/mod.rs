//! An HTTP server on loopback that answers like AWS, out of a [`World`].
//!
//! ```text
//!   bytes ─▶ protocol::Call ─▶ faults ─▶ ecs | elb | … ──▶ Content or AwsError ─▶ protocol ─▶ bytes
//!                                             │ ▲
//!                                             ▼ │
//!                                            World
//! ```
//!
//! A service knows its operations and nothing of HTTP; the protocol module knows how things are written and nothing of the
//! operations; faults know neither.

mod autoscaling;
mod calls;
mod clock;
mod cloudwatch;
mod connection;
mod ec2;
mod ecs;
mod elb;
mod fault;
mod insights;
mod live_tail;
mod logs;
mod protocol;
mod sts;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_TYPE, DATE};
use axum::response::Response;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::world::World;
use calls::Calls;
pub use clock::Clock;
use clock::Stopwatch;
use connection::{ResetSwitch, ResettableListener};
use fault::Faults;
pub use fault::{Fault, FaultKind, FaultSyntaxError, Injection};
use live_tail::{Session, Sessions};
use protocol::{Answer, AwsError, Call, Content, Parameters, Service};

/// Larger requests are refused; the largest real one names a hundred tasks.
const LARGEST_REQUEST: usize = 1 << 20;

/// With a real clock, the world is moved this often even when nobody asks.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// Why a simulator could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct SimulatorError {
    /// Where it should have listened.
    pub address: SocketAddr,
    /// What the system said.
    pub source: std::io::Error,
}

/// A running simulated AWS. Dropping it stops it.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
    heartbeat: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    inhabited: Mutex<Inhabited>,
    faults: Mutex<Faults>,
    /// Wakes calls that hang, when faults have been healed.
    healed: Notify,
    /// Wakes sessions of Live Tail, when time was let pass.
    advanced: Notify,
    live_tails: Sessions,
    calls: Calls,
    latency: Duration,
}

/// The world, and what moves it.
#[derive(Debug)]
struct Inhabited {
    world: World,
    stopwatch: Stopwatch,
    request_ids: fastrand::Rng,
}

impl Simulator {
    /// Serves a world on a loopback address (port 0 chooses one). Every answer takes at least `latency`. Needs a tokio
    /// runtime, in which it runs until it is dropped.
    pub async fn start(
        listen: SocketAddr,
        mut world: World,
        clock: Clock,
        latency: Duration,
    ) -> Result<Self, SimulatorError> {
        let failed = |source| SimulatorError { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if clock != Clock::Manual {
            world.set_wall_clock(Timestamp::now());
        }
        let inhabited =
            Inhabited { world, stopwatch: Stopwatch::new(clock), request_ids: fastrand::Rng::with_seed(0x0ec5) };
        let shared = Arc::new(Shared {
            inhabited: Mutex::new(inhabited),
            faults: Mutex::default(),
            healed: Notify::new(),
            advanced: Notify::new(),
            live_tails: Sessions::default(),
            calls: Calls::default(),
            latency,
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<ResetSwitch>();
            // Accept errors are retried inside; there is no other way to end than being aborted.
            let _ = axum::serve(ResettableListener(listener), service).await;
        });
        let heartbeat = (clock != Clock::Manual).then(|| {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(HEARTBEAT).await;
                    shared.with_world(|_| ());
                }
            })
        });
        Ok(Self { address, shared, server, heartbeat })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as an endpoint URL: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts a fault into an operation (`DescribeServices`), or into all of them (`*`).
    pub fn inject(&self, operation: &str, fault: impl Into<Fault>) {
        self.shared.with_faults(|faults| faults.inject(operation, fault.into()));
    }

    /// Removes the faults of an operation; calls that hang because of them are answered. `*` removes what was put into `*`.
    pub fn heal(&self, operation: &str) {
        self.shared.with_faults(|faults| faults.heal(operation));
        self.shared.healed.notify_waiters();
    }

    /// Removes all faults.
    pub fn heal_all(&self) {
        self.shared.with_faults(Faults::heal_all);
        self.shared.healed.notify_waiters();
    }

    /// Calls made since the start or the last reset, by operation. Calls that failed count.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        self.shared.calls.made()
    }

    /// Waits until an operation was called since the start or the last reset.
    pub async fn called(&self, operation: &str) {
        self.shared.calls.called(operation).await;
    }

    /// Starts counting anew.
    pub fn reset_calls(&self) {
        self.shared.calls.reset();
    }

    /// The most calls that were in flight at once.
    pub fn peak_concurrency(&self) -> usize {
        self.shared.calls.peak(None)
    }

    /// The most calls of one operation that were in flight at once.
    pub fn peak_concurrency_of(&self, operation: &str) -> usize {
        self.shared.calls.peak(Some(operation))
    }

    /// Calls in flight right now.
    pub fn calls_in_flight(&self) -> usize {
        self.shared.calls.in_flight()
    }

    /// Sessions of Live Tail that are open.
    pub fn live_tails(&self) -> usize {
        self.shared.live_tails.open()
    }

    /// Lets time pass in the world, on top of what its clock does.
    pub fn advance(&self, by: Duration) {
        self.with_world(|world| world.advance(by));
        self.shared.advanced.notify_waiters();
    }

    /// Looks at the world, or changes it, between two calls.
    pub fn with_world<R>(&self, with: impl FnOnce(&mut World) -> R) -> R {
        self.shared.with_world(with)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.abort();
        }
    }
}

impl Shared {
    /// With the world brought up to date first. A panic elsewhere must not end the simulation.
    fn with_world<R>(&self, with: impl FnOnce(&mut World) -> R) -> R {
        let mut inhabited = self.inhabited.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = inhabited.stopwatch.lap();
        inhabited.world.advance(passed);
        with(&mut inhabited.world)
    }

    fn with_faults<R>(&self, with: impl FnOnce(&mut Faults) -> R) -> R {
        with(&mut self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn request_id(&self) -> String {
        let mut inhabited = self.inhabited.lock().unwrap_or_else(PoisonError::into_inner);
        let dice = &mut inhabited.request_ids;
        let (high, low) = (dice.u64(..), dice.u64(..));
        let digits = format!("{high:016x}{low:016x}");
        let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
        format!("{}-{}-4{}-a{}-{}", part(0..8), part(8..12), part(12..15), part(16..19), part(20..32))
    }

    async fn until_healed(&self, operation: &str) {
        loop {
            let healed = self.healed.notified();
            tokio::pin!(healed);
            // Registered before looking, so that a healing in between is not missed.
            healed.as_mut().enable();
            if !self.with_faults(|faults| faults.hangs(operation)) {
                return;
            }
            healed.await;
        }
    }
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(reset): ConnectInfo<ResetSwitch>,
    request: Request,
) -> Response {
    let request_id = shared.request_id();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_REQUEST).await.unwrap_or_default();
    let call = Call::read_rpc(parts.uri.path(), &body).unwrap_or_else(|| Call::read(&parts.headers, &body));
    let answer = match call {
        Ok(call) => answer(&shared, &reset, &call, &request_id).await,
        Err(refusal) => Reply::Whole(refusal),
    };
    let date = shared.with_world(|world| world.told_now()).http_date();
    let (status, content_type, body) = match answer {
        Reply::Whole(answer) => (answer.status, answer.content_type, Body::from(answer.body)),
        Reply::Session(session) => (200, "application/vnd.amazon.eventstream", session.body(shared, reset)),
    };
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type)
        .header(DATE, date)
        .header("x-amzn-requestid", request_id);
    let response = match content_type {
        "application/cbor" => response.header("smithy-protocol", "rpc-v2-cbor"),
        _ => response,
    };
    response.body(body).unwrap_or_default()
}

/// What a call is answered with.
enum Reply {
    /// An answer that ends.
    Whole(Answer),
    /// One that goes on.
    Session(Session),
}

async fn answer(shared: &Shared, reset: &ResetSwitch, call: &Call, request_id: &str) -> Reply {
    let _in_flight = shared.calls.begin(&call.operation);
    let (more_latency, trouble) = shared.with_faults(|faults| faults.meet(&call.operation));
    let latency = shared.latency + more_latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match trouble {
        Some(FaultKind::Hang) => shared.until_healed(&call.operation).await,
        Some(FaultKind::Reset) => reset.pull(),
        Some(FaultKind::Garbage) => return Reply::Whole(Answer::garbage()),
        _ => {}
    }
    let result = match (trouble.and_then(|fault| call.error_of(fault)), &call.parameters) {
        (Some(error), _) => Err(error),
        (None, Parameters::Json(parameters)) if call.is(Service::Logs, "StartLiveTail") => {
            match shared.with_world(|world| Session::begin(parameters, world, &shared.live_tails)) {
                Ok(session) => return Reply::Session(session),
                Err(error) => Err(error),
            }
        }
        (None, _) => shared.with_world(|world| perform(call, world)),
    };
    Reply::Whole(call.answer(result, request_id))
}

fn perform(call: &Call, world: &mut World) -> Result<Content, AwsError> {
    let operation = call.operation.as_str();
    let content = match (call.service, &call.parameters) {
        (Service::Ecs, Parameters::Json(parameters)) => ecs::perform(operation, parameters, world)?.map(Content::Json),
        (Service::LoadBalancing, Parameters::Form(form)) => elb::perform(operation, form, world)?.map(Content::Xml),
        (Service::Sts, Parameters::Form(_)) => sts::perform(operation).map(Content::Xml),
        (Service::Ec2, Parameters::Form(form)) => ec2::perform(operation, form, world)?.map(Content::Xml),
        (Service::Logs, Parameters::Json(parameters)) if insights::performs(operation) => {
            insights::perform(operation, parameters, world)?.map(Content::Json)
        }
        (Service::Logs, Parameters::Json(parameters)) => {
            logs::perform(operation, parameters, world)?.map(Content::Json)
        }
        (Service::Scaling, Parameters::Json(parameters)) => {
            autoscaling::perform(operation, parameters, world)?.map(Content::Json)
        }
        (Service::CloudWatch(_), Parameters::Json(parameters)) => {
            cloudwatch::perform(operation, parameters, world)?.map(Content::Shape)
        }
        _ => None,
    };
    content.ok_or_else(|| call.unknown_operation())
}
