// What the HTTP listener serves.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "services/media/object_files.h"

namespace chat::media {

struct DownloadRequest {
  std::string id;
  std::string query;  // of the target; a signature stands for a token
  std::string token;  // bearer
};

struct Download {
  int64_t object = 0;  // never used twice: names the content
  int64_t size = 0;
  std::string filename;
  std::string content_type;
  std::shared_ptr<const ObjectFiles::Reader> file;
  std::string redirect;  // a link elsewhere, in place of the file
};

class DownloadSource {
 public:
  virtual ~DownloadSource() = default;
  // The object of this id that the link, or else the bearer of the token, may read. Blocks; any
  // thread. kUnauthenticated: neither; kPermissionDenied: the link is wrong or has expired;
  // kNotFound: none, not whole yet, or not readable; any other error: cannot now.
  virtual absl::StatusOr<Download> Find(const DownloadRequest& request) = 0;
};

}  // namespace chat::media
