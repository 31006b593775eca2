// Where the HTTP listener puts what a client PUTs.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>

namespace chat::media {

struct UploadRequest {
  std::string name;   // of the object
  std::string query;  // the link's signature
  int64_t size = 0;
  std::string content_type;
};

// One body on its way. One thread at a time; every call blocks. Given up before Finish() has
// succeeded, it leaves nothing behind.
class Incoming {
 public:
  virtual ~Incoming() = default;
  virtual absl::Status Write(std::string_view bytes) = 0;
  // The body is whole: it is the object from now on.
  virtual absl::Status Finish() = 0;
};

class UploadTarget {
 public:
  virtual ~UploadTarget() = default;
  // Blocks; any thread. kPermissionDenied: no valid link; kNotFound: the upload is over;
  // kFailedPrecondition: the object is complete; kOutOfRange: too large; kResourceExhausted: over
  // quota; any other error: cannot now. Finish() knows the same errors.
  virtual absl::StatusOr<std::unique_ptr<Incoming>> Accept(const UploadRequest& request) = 0;
};

}  // namespace chat::media
