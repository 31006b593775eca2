// The bytes of objects: one file each, `<folder>/<last byte of the id in hex>/<id>`. Thread safe;
// every call blocks on the disk. Two writers of one object are kept apart by the caller.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>

namespace chat::media {

class ObjectFiles {
 public:
  explicit ObjectFiles(std::string folder) : folder_(std::move(folder)) {}

  // Makes the folder where it is missing. kInvalidArgument when it cannot be written to.
  absl::Status Check() const;

  // Cuts the file to `offset`, what a crashed writer left behind is gone, appends and makes it
  // durable. kDataLoss: the file is shorter than `offset`; kUnavailable: the disk refuses.
  absl::Status Append(int64_t id, int64_t offset, std::string_view bytes) const;
  // Bytes that are there; 0 when there is no file.
  int64_t Size(int64_t id) const;
  // OK also when there is none.
  absl::Status Erase(int64_t id) const;

  // A file that grows beside the objects until Adopt() makes it one; removed with it otherwise.
  class Growing {
   public:
    Growing(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    ~Growing();
    Growing(const Growing&) = delete;
    Growing& operator=(const Growing&) = delete;
    absl::Status Write(std::string_view bytes);
    absl::Status Sync();
    int64_t size() const { return size_; }

   private:
    friend class ObjectFiles;
    int descriptor_;
    std::string path_;
    int64_t size_ = 0;
  };
  absl::StatusOr<std::unique_ptr<Growing>> Grow(int64_t id) const;
  // After Sync(): the file takes the place of the object's, durably. Repeating it does nothing.
  absl::Status Adopt(Growing& file, int64_t id) const;
  // Removes growing files that a crash left behind, older than that.
  void RemoveLeftovers(int64_t age_s) const;

  // An open file to read from, closed with it.
  class Reader {
   public:
    explicit Reader(int descriptor) : descriptor_(descriptor) {}
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    // Exactly `size` bytes; kDataLoss when the file ends before.
    absl::StatusOr<std::string> Read(int64_t offset, size_t size) const;

   private:
    int descriptor_;
  };
  absl::StatusOr<std::shared_ptr<const Reader>> Open(int64_t id) const;

 private:
  std::string Folder(int64_t id) const;
  std::string Path(int64_t id) const;

  const std::string folder_;
};

}  // namespace chat::media
