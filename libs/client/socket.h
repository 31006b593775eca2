#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/client/address.h"

namespace chat::client {

// One non-blocking TCP connection with TCP_NODELAY. Owns the descriptor. Not thread-safe. All times
// are milliseconds of Clock::MonotonicMs.
class Socket {
 public:
  // Tries every address of the host until `deadline`; the look-up of a name itself is the system's
  // and has the system's time limits. Failures are class kConnection.
  static absl::StatusOr<Socket> Connect(const Address& address, int64_t deadline);

  Socket() = default;
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  // Waits until bytes may be read (or, if asked, written), or the time has come; false: the time.
  bool Wait(bool for_writing, int64_t deadline) const;
  // Appends what is there, at most 64 KiB. False: the connection is over, *why says how.
  bool Read(std::string* out, std::string* why);
  // Takes off the front of *bytes what the system takes. False: the connection is over.
  bool Write(std::string* bytes, std::string* why);
  // Ends the own direction, waits for the peer to end its, at most until `deadline`, and closes.
  // What still arrives is dropped. So the peer has read everything before it sees the end.
  void Finish(int64_t deadline);
  void Close();
  bool open() const { return descriptor_ >= 0; }

 private:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace chat::client
