#include "services/cli/home.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/client/failure.h"
#include "services/cli/private_file.h"

namespace chat::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxIdentity = 1 << 20;

absl::StatusOr<std::string> DefaultPath() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    return absl::InvalidArgumentError("HOME is not set: give --home DIR");
  }
  return std::string(home) + "/.chat";
}

Identity FromJson(const Json& json) {
  Identity identity;
  identity.device = json.value("device", "");
  identity.dev_key = json.value("dev_key", "");
  identity.phone = json.value("phone", "");
  identity.client_id = json.value("client_id", "");
  identity.token = json.value("token", "");
  identity.phone_ids = json.value("phone_ids", std::vector<std::string>());
  return identity;
}

// Nothing when another process has it.
absl::StatusOr<std::optional<Lock>> TryLock(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string why = path + ": " + std::generic_category().message(errno);
  if (descriptor < 0) return absl::InternalError(why);
  Lock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) return std::optional<Lock>();
  return std::optional<Lock>(std::move(lock));
}

}  // namespace

Lock::Lock(Lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Lock::~Lock() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<Home> Home::Open(const std::string& path) {
  std::string folder = path;
  if (folder.empty()) {
    CHAT_ASSIGN_OR_RETURN(folder, DefaultPath());
  }
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return Home(folder);
  const auto parent = std::filesystem::path(folder).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::InternalError(folder + ": " + std::generic_category().message(errno));
  }
  return Home(folder);
}

absl::StatusOr<Identity> Home::Load() const {
  const std::string path = path_ + "/device.json";
  CHAT_ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadPrivate(path, kMaxIdentity));
  Identity identity;
  if (text) {
    try {
      identity = FromJson(Json::parse(*text));
    } catch (const Json::exception&) {
      return absl::InternalError(path + ": not the file that chat wrote");
    }
  }
  if (identity.device.empty()) identity.device = RandomHex(8);
  if (identity.dev_key.empty()) identity.dev_key = RandomHex(16);
  return identity;
}

absl::Status Home::Store(const Identity& identity) const {
  const Json json = {{"device", identity.device}, {"dev_key", identity.dev_key},
                     {"phone", identity.phone},   {"client_id", identity.client_id},
                     {"token", identity.token},   {"phone_ids", identity.phone_ids}};
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return WritePrivate(path_ + "/device.json", text);
}

absl::StatusOr<Lock> Home::LockConnection(int64_t timeout_ms) const {
  const int64_t deadline = Clock::System().MonotonicMs() + timeout_ms;
  while (true) {
    CHAT_ASSIGN_OR_RETURN(std::optional<Lock> lock, TryLock(path_ + "/lock"));
    if (lock) return std::move(*lock);
    if (Clock::System().MonotonicMs() >= deadline) {
      return client::TimedOut("another chat command uses " + path_);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

absl::StatusOr<Lock> Home::LockListening() const {
  CHAT_ASSIGN_OR_RETURN(std::optional<Lock> lock, TryLock(path_ + "/listening"));
  if (!lock) return absl::InvalidArgumentError("another chat listen uses " + path_);
  return std::move(*lock);
}

std::string RandomHex(size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < bytes; ++i) {
    unsigned char byte = 0;
    if (getrandom(&byte, 1, 0) != 1) std::abort();
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

}  // namespace chat::cli
