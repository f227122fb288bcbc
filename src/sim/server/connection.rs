//! Connections that can be reset in the middle of a call, as only somebody can who holds the socket.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Resets the connection it belongs to: what is written next does not go out, and the peer sees a TCP RST.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResetSwitch {
    pulled: Arc<AtomicBool>,
}

impl ResetSwitch {
    pub(crate) fn pull(&self) {
        self.pulled.store(true, Ordering::SeqCst);
    }
}

/// A listener whose connections have a reset switch.
pub(crate) struct ResettableListener(pub(crate) TcpListener);

/// A connection with a reset switch.
pub(crate) struct ResettableStream {
    stream: TcpStream,
    switch: ResetSwitch,
}

impl Listener for ResettableListener {
    type Io = ResettableStream;
    type Addr = (SocketAddr, ResetSwitch);

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers go out at once; without this a reused connection waits for delayed acknowledgements.
        let _ = stream.set_nodelay(true);
        let switch = ResetSwitch::default();
        (ResettableStream { stream, switch: switch.clone() }, (address, switch))
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok((self.0.local_addr()?, ResetSwitch::default()))
    }
}

impl Connected<IncomingStream<'_, ResettableListener>> for ResetSwitch {
    fn connect_info(stream: IncomingStream<'_, ResettableListener>) -> Self {
        stream.remote_addr().1.clone()
    }
}

impl ResettableStream {
    /// An error once the switch is pulled. The stream is dropped for it, and without lingering that means RST.
    fn check(&self) -> io::Result<()> {
        if !self.switch.pulled.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.stream.set_zero_linger()?;
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for ResettableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for ResettableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
