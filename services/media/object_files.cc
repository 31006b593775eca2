#include "services/media/object_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "libs/base/status.h"

namespace chat::media {
namespace {

constexpr char kGrowing[] = "/growing";

absl::Status Failure(const char* what, const std::string& path, int error) {
  const std::string text =
      std::string(what) + " " + path + ": " + std::generic_category().message(error);
  return absl::UnavailableError(View(text));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  int value() const { return value_; }
  bool ok() const { return value_ >= 0; }

 private:
  int value_;
};

// A new name is durable once its folder is.
absl::Status SyncFolder(const std::string& path) {
  Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || fsync(folder.value()) != 0) return Failure("cannot sync", path, errno);
  return absl::OkStatus();
}

absl::Status WriteAt(int file, const std::string& path, int64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Failure("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return absl::OkStatus();
}

}  // namespace

std::string ObjectFiles::Folder(int64_t id) const {
  char name[3];
  std::snprintf(name, sizeof name, "%02x", static_cast<unsigned>(id & 0xff));
  return folder_ + "/" + name;
}

std::string ObjectFiles::Path(int64_t id) const { return Folder(id) + "/" + std::to_string(id); }

absl::Status ObjectFiles::Check() const {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error || access(folder_.c_str(), W_OK | X_OK) != 0) {
    const std::string text = "object_dir: " + folder_ + " is no folder that can be written to";
    return absl::InvalidArgumentError(View(text));
  }
  return absl::OkStatus();
}

absl::Status ObjectFiles::Append(int64_t id, int64_t offset, std::string_view bytes) const {
  const std::string path = Path(id);
  int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  if (offset == 0) {
    const std::string folder = Folder(id);
    if (mkdir(folder.c_str(), 0700) == 0) {
      CHAT_RETURN_IF_ERROR(SyncFolder(folder_));
    } else if (errno != EEXIST) {
      return Failure("cannot make", folder, errno);
    }
    flags |= O_CREAT;
  }
  Descriptor file(open(path.c_str(), flags, 0600));
  if (!file.ok()) {
    if (errno == ENOENT) return absl::DataLossError(View(path + ": is missing"));
    return Failure("cannot open", path, errno);
  }
  struct stat facts {};
  if (fstat(file.value(), &facts) != 0) return Failure("cannot look at", path, errno);
  if (facts.st_size < offset) {
    return absl::DataLossError(View(path + ": is shorter than what was stored"));
  }
  if (facts.st_size > offset && ftruncate(file.value(), offset) != 0) {
    return Failure("cannot cut", path, errno);
  }
  CHAT_RETURN_IF_ERROR(WriteAt(file.value(), path, offset, bytes));
  if (fsync(file.value()) != 0) return Failure("cannot sync", path, errno);
  return offset == 0 ? SyncFolder(Folder(id)) : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ObjectFiles::Growing>> ObjectFiles::Grow(int64_t id) const {
  const std::string folder = folder_ + kGrowing;
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Failure("cannot make", folder, errno);
  }
  std::string path = folder + "/" + std::to_string(id) + "-XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return Failure("cannot make", path, errno);
  return std::make_unique<Growing>(file, path);
}

absl::Status ObjectFiles::Adopt(Growing& file, int64_t id) const {
  if (file.path_.empty()) return absl::OkStatus();  // it has: the transaction around is repeated
  const std::string folder = Folder(id);
  if (mkdir(folder.c_str(), 0700) == 0) {
    CHAT_RETURN_IF_ERROR(SyncFolder(folder_));
  } else if (errno != EEXIST) {
    return Failure("cannot make", folder, errno);
  }
  if (rename(file.path_.c_str(), Path(id).c_str()) != 0) {
    return Failure("cannot move", file.path_, errno);
  }
  file.path_.clear();
  return SyncFolder(folder);
}

void ObjectFiles::RemoveLeftovers(int64_t age_s) const {
  std::error_code error;
  const auto oldest = std::filesystem::file_time_type::clock::now() - std::chrono::seconds(age_s);
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + kGrowing, error)) {
    const auto written = entry.last_write_time(error);
    if (!error && written < oldest) std::filesystem::remove(entry.path(), error);
  }
}

ObjectFiles::Growing::~Growing() {
  close(descriptor_);
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status ObjectFiles::Growing::Write(std::string_view bytes) {
  CHAT_RETURN_IF_ERROR(WriteAt(descriptor_, path_, size_, bytes));
  size_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status ObjectFiles::Growing::Sync() {
  if (fsync(descriptor_) != 0) return Failure("cannot sync", path_, errno);
  return absl::OkStatus();
}

int64_t ObjectFiles::Size(int64_t id) const {
  struct stat facts {};
  return stat(Path(id).c_str(), &facts) == 0 ? facts.st_size : 0;
}

absl::Status ObjectFiles::Erase(int64_t id) const {
  const std::string path = Path(id);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Failure("cannot remove", path, errno);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const ObjectFiles::Reader>> ObjectFiles::Open(int64_t id) const {
  const std::string path = Path(id);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0 && errno == ENOENT) return absl::DataLossError(View(path + ": is missing"));
  if (file < 0) return Failure("cannot open", path, errno);
  return std::make_shared<const Reader>(file);
}

ObjectFiles::Reader::~Reader() { close(descriptor_); }

absl::StatusOr<std::string> ObjectFiles::Reader::Read(int64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t read =
        pread(descriptor_, bytes.data() + got, size - got, offset + static_cast<int64_t>(got));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return Failure("cannot read", "an object", errno);
    if (read == 0) return absl::DataLossError("an object's file is shorter than the object");
    got += static_cast<size_t>(read);
  }
  return bytes;
}

}  // namespace chat::media
