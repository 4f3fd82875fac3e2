//! A server as a service of Windows: started, asked to stop and watched by the service control manager.

use std::ffi::OsString;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    ServiceControlHandlerResult, ServiceStatusHandle, register,
};
use windows_service::{define_windows_service, service_dispatcher};

/// How long the manager waits for the start and for the end before it calls the service hung.
const PATIENCE: Duration = Duration::from_secs(30);

type Ending = Pin<Box<dyn Future<Output = Result<(), String>>>>;
type Serve = Box<dyn FnOnce(Service) -> Ending + Send>;

/// What the entry point runs, which takes no arguments of ours.
static SERVE: Mutex<Option<(String, Serve)>> = Mutex::new(None);

/// The program cannot be a service.
#[derive(Debug, thiserror::Error)]
#[error(
    "this cannot run as a service: {0}; Windows starts it so, with sc.exe or at its own start, and no person does"
)]
pub struct ServiceError(String);

/// The service that runs.
pub struct Service {
    status: ServiceStatusHandle,
    stop: watch::Receiver<bool>,
}

impl Service {
    /// Tells the manager that the server is there, and returns when it is asked to stop.
    pub async fn until_stopped(mut self) {
        tell(&self.status, ServiceState::Running, 0);
        // The handler has the sender as long as the process lives.
        let _ = self.stop.wait_for(|asked| *asked).await;
        tell(&self.status, ServiceState::StopPending, 0);
    }
}

/// Runs a server as the service that the manager has started, and returns when it has ended. `serve` starts
/// the server, waits for [`Service::until_stopped`] and shuts down; its error becomes the service's exit code 1.
///
/// # Errors
///
/// The process was not started by the service control manager.
pub fn run<F>(
    name: &str,
    serve: impl FnOnce(Service) -> F + Send + 'static,
) -> Result<(), ServiceError>
where
    F: Future<Output = Result<(), String>> + 'static,
{
    let serve: Serve = Box::new(move |service| Box::pin(serve(service)));
    *SERVE.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.to_owned(), serve));
    service_dispatcher::start(name, entry).map_err(|error| ServiceError(reason(&error)))
}

define_windows_service!(entry, service_main);

fn service_main(_: Vec<OsString>) {
    let taken = SERVE.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((name, serve)) = taken else {
        return;
    };
    let (ask, stop) = watch::channel(false);
    let registered = register(&name, move |control| match control {
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        ServiceControl::Stop | ServiceControl::Shutdown => {
            ask.send_replace(true);
            ServiceControlHandlerResult::NoError
        }
        _ => ServiceControlHandlerResult::NotImplemented,
    });
    let status = match registered {
        Ok(status) => status,
        Err(error) => {
            tracing::error!("the service cannot be controlled: {}", reason(&error));
            return;
        }
    };
    tell(&status, ServiceState::StartPending, 0);
    let result = tokio::runtime::Runtime::new()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(serve(Service { status, stop })));
    if let Err(error) = &result {
        tracing::error!("{error}");
    }
    tell(&status, ServiceState::Stopped, u32::from(result.is_err()));
}

fn tell(status: &ServiceStatusHandle, state: ServiceState, exit_code: u32) {
    let is_pending = matches!(
        state,
        ServiceState::StartPending | ServiceState::StopPending
    );
    let controls_accepted = if state == ServiceState::Running {
        ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
    } else {
        ServiceControlAccept::empty()
    };
    let told = status.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted,
        exit_code: match exit_code {
            0 => ServiceExitCode::NO_ERROR,
            code => ServiceExitCode::ServiceSpecific(code),
        },
        checkpoint: 0,
        wait_hint: if is_pending { PATIENCE } else { Duration::ZERO },
        process_id: None,
    });
    if let Err(error) = told {
        tracing::warn!(
            "the service's state {state:?} cannot be told: {}",
            reason(&error)
        );
    }
}

/// What Windows said, where the error has that beneath.
fn reason(error: &windows_service::Error) -> String {
    match std::error::Error::source(error) {
        Some(beneath) => beneath.to_string(),
        None => error.to_string(),
    }
}
