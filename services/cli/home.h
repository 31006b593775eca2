#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chat::cli {

// What a device knows about itself; device.json.
struct Identity {
  std::string device;   // random, for life: client ids are reg_<device> and emqttd_<device>
  std::string dev_key;  // random, for life: proves to Auth/verify that it is the same device
  std::string phone;
  std::string client_id;  // empty: not verified
  std::string token;
  std::vector<std::string> phone_ids;  // own rosters, the oldest first
};

// A held flock; given back with the object.
class Lock {
 public:
  Lock() = default;
  explicit Lock(int descriptor) : descriptor_(descriptor) {}
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;
  ~Lock();

 private:
  int descriptor_ = -1;
};

// The folder of one device: device.json (identity and token), inbox (see inbox.h), and two locks.
// Errors of the file system are kInternal.
class Home {
 public:
  // `path` empty: ~/.chat. Creates the folder with mode 700 when it is not there.
  static absl::StatusOr<Home> Open(const std::string& path);

  // A device that has no identity gets one, not stored yet.
  absl::StatusOr<Identity> Load() const;
  // Atomic; mode 600.
  absl::Status Store(const Identity& identity) const;

  // Held by a command while it is connected: one connection of this device at a time.
  // kDeadlineExceeded when another command keeps it for longer.
  absl::StatusOr<Lock> LockConnection(int64_t timeout_ms) const;
  // Held by listen for its life. kInvalidArgument when another one has it.
  absl::StatusOr<Lock> LockListening() const;

  std::string inbox_path() const { return path_ + "/inbox"; }
  const std::string& path() const { return path_; }

 private:
  explicit Home(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

// `bytes` random bytes of the system as hex.
std::string RandomHex(size_t bytes);

}  // namespace chat::cli
