#include "libs/client/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <utility>

#include "libs/base/clock.h"
#include "libs/client/failure.h"

namespace chat::client {

namespace {

constexpr size_t kReadSize = 65'536;

std::string ErrorText(int error) { return std::generic_category().message(error); }

// Whether `events` (or an error) came before `deadline`.
bool Poll(int descriptor, short events, int64_t deadline) {
  pollfd entry{descriptor, events, 0};
  while (true) {
    const int64_t left = std::max<int64_t>(0, deadline - Clock::System().MonotonicMs());
    const int count = poll(&entry, 1, static_cast<int>(std::min<int64_t>(left, INT_MAX)));
    if (count > 0) return true;
    if (count == 0 && left == 0) return false;
    if (count < 0 && errno != EINTR) return true;
  }
}

// 0, or the error of connecting to one address.
int Establish(int descriptor, const addrinfo& address, int64_t deadline) {
  if (connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!Poll(descriptor, POLLOUT, deadline)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace

absl::StatusOr<Socket> Socket::Connect(const Address& address, int64_t deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int lookup = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  const std::string name = address.host + ":" + address.port;
  if (lookup != 0) return ConnectionFailure(name + ": " + gai_strerror(lookup));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Socket result(socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!result.open()) {
      error = errno;
      continue;
    }
    error = Establish(result.descriptor_, *one, deadline);
    if (error != 0) continue;
    const int on = 1;
    setsockopt(result.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return result;
  }
  return ConnectionFailure(name + ": " + ErrorText(error));
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    Close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

Socket::~Socket() { Close(); }

bool Socket::Wait(bool for_writing, int64_t deadline) const {
  return Poll(descriptor_, static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN), deadline);
}

bool Socket::Read(std::string* out, std::string* why) {
  const size_t before = out->size();
  out->resize(before + kReadSize);
  const ssize_t count = recv(descriptor_, out->data() + before, kReadSize, 0);
  const int error = errno;
  out->resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
  if (count > 0) return true;
  if (count < 0 && (error == EAGAIN || error == EINTR)) return true;
  *why = count == 0 ? "the server closed the connection" : ErrorText(error);
  return false;
}

bool Socket::Write(std::string* bytes, std::string* why) {
  size_t sent = 0;
  while (sent < bytes->size()) {
    const ssize_t count =
        send(descriptor_, bytes->data() + sent, bytes->size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) {
      *why = ErrorText(errno);
      return false;
    }
    sent += static_cast<size_t>(count);
  }
  bytes->erase(0, sent);
  return true;
}

void Socket::Finish(int64_t deadline) {
  if (!open()) return;
  shutdown(descriptor_, SHUT_WR);
  std::string dropped;
  std::string why;
  while (Clock::System().MonotonicMs() < deadline && Wait(false, deadline) &&
         Read(&dropped, &why)) {
    dropped.clear();
  }
  Close();
}

void Socket::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

}  // namespace chat::client
