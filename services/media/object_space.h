// Where the objects of `upload` messages lie and how clients reach them: the local folder behind
// our own listener, or an S3 bucket. Thread safe; Stat() and Erase() block.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "services/media/attachment_store.h"

namespace chat::media {

class ObjectSpace {
 public:
  virtual ~ObjectSpace() = default;

  virtual bool remote() const = 0;  // Attachment.remote of what is made here
  virtual std::string PutLink(const Attachment& attachment) const = 0;
  virtual std::string GetLink(const Attachment& attachment) const = 0;
  // What was uploaded; nullopt: nothing yet.
  struct Facts {
    int64_t size = 0;
    std::string content_type;
  };
  virtual absl::StatusOr<std::optional<Facts>> Stat(const Attachment& attachment) const = 0;
  // Whether the text is a link to this very object.
  virtual bool Names(std::string_view url, const Attachment& attachment) const = 0;
};

}  // namespace chat::media
