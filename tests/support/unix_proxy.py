"""A proxy of a Unix socket, for tests: it stands at the socket's path, and can cut and swallow."""

import os
import socket
import threading


class UnixProxy:
    """Takes the place of the socket at `path`, which whoever bound it goes on serving."""

    def __init__(self, path):
        self.real = f"{path}.real"
        os.rename(path, self.real)
        self.lock = threading.Lock()
        self.pairs = []
        self.swallowing = False
        self.swallowed = 0  # bytes
        self.cut = 0  # connections
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.real)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.append((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, target):
        try:
            while data := source.recv(1 << 16):
                if self.swallowing:
                    self.swallowed += len(data)
                else:
                    target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            shut(end)

    def reset(self):
        """Cuts all connections; what is on its way is lost. New ones may be made at once."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                shut(end)
        self.cut += len(pairs)

    def close(self):
        self.listener.close()
        self.reset()


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is already
