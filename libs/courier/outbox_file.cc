#include "libs/courier/outbox_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/courier/time_text.h"

namespace chat::courier {
namespace {

absl::Status Append(const std::string& path, const std::string& line) {
  int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return absl::UnavailableError(View(path + ": " + std::strerror(errno)));
  ssize_t written;
  do {
    written = write(file, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  int error = errno;
  close(file);
  if (written == static_cast<ssize_t>(line.size())) return absl::OkStatus();
  return absl::UnavailableError(
      View(path + ": " + (written < 0 ? std::strerror(error) : "a line was cut short")));
}

}  // namespace

absl::Status OutboxFile::Check() const {
  struct stat entry {};
  if (stat(folder_.c_str(), &entry) != 0 || !S_ISDIR(entry.st_mode)) {
    return absl::InvalidArgumentError(View("outbox_dir: '" + folder_ + "' is not a folder"));
  }
  if (access(folder_.c_str(), W_OK | X_OK) != 0) {
    return absl::InvalidArgumentError(View("outbox_dir: '" + folder_ + "' may not be written to"));
  }
  return absl::OkStatus();
}

absl::Status OutboxFile::Carry(const Letter& letter) {
  const std::string name(NameOf(letter.kind));
  const nlohmann::ordered_json line = {{"time", TimeText(clock_.UnixMs())},
                                       {"kind", name},
                                       {"to", letter.to},
                                       {"code", letter.code},
                                       {"text", letter.text}};
  return Append(folder_ + "/" + name + ".jsonl",
                line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace chat::courier
