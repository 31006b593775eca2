// What the HTTP listener serves.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "services/media/object_files.h"

namespace chat::media {

struct Download {
  int64_t object = 0;  // never used twice: names the content
  int64_t size = 0;
  std::string filename;
  std::shared_ptr<const ObjectFiles::Reader> file;
};

class DownloadSource {
 public:
  virtual ~DownloadSource() = default;
  // The object that the bearer of `token` may read under this id. Blocks; any thread.
  // kUnauthenticated: no live session has this token; kNotFound: none, not whole yet, or somebody
  // else's; any other error: cannot now.
  virtual absl::StatusOr<Download> Find(const std::string& token, const std::string& id) = 0;
};

}  // namespace chat::media
