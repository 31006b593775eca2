#include "services/cli/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "libs/base/status.h"

namespace chat::cli {

namespace {

constexpr mode_t kOwnerOnly = 0600;

absl::Status FileError(const std::string& path) {
  return absl::InternalError(path + ": " + std::generic_category().message(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

absl::Status WriteAll(const Descriptor& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(path);
    text.remove_prefix(static_cast<size_t>(count));
  }
  return fsync(file.get()) == 0 ? absl::OkStatus() : FileError(path);
}

}  // namespace

absl::Status WritePrivate(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  {
    const Descriptor file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (file.get() < 0) return FileError(temporary);
    CHAT_RETURN_IF_ERROR(WriteAll(file, temporary, text));
  }
  return std::rename(temporary.c_str(), path.c_str()) == 0 ? absl::OkStatus() : FileError(path);
}

absl::Status AppendPrivate(const std::string& path, std::string_view text) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kOwnerOnly));
  if (file.get() < 0) return FileError(path);
  return WriteAll(file, path, text);
}

absl::StatusOr<std::optional<std::string>> ReadPrivate(const std::string& path, size_t max_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return FileError(path);
  }
  std::string text;
  char buffer[65'536];
  while (true) {
    const ssize_t count = read(file.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(path);
    if (count == 0) return std::optional<std::string>(std::move(text));
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > max_bytes) return absl::InternalError(path + ": too long");
  }
}

size_t FileSize(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<size_t>(status.st_size) : 0;
}

}  // namespace chat::cli
