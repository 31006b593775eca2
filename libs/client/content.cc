#include "libs/client/content.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/bert/decode.h"
#include "libs/client/failure.h"

namespace chat::client {

std::string_view Content::record_name() const {
  return record.type == nullptr ? std::string_view() : std::string_view(record.type->tag);
}

absl::StatusOr<Content> ReadContent(std::string_view payload) {
  auto decoded = bert::Decode(payload);
  if (!decoded.ok()) return ProtocolFailure(decoded.error());
  Content content;
  content.term = std::move(decoded).term();
  auto record = wire::Read(content.term);
  if (record.ok()) {
    content.record = *std::move(record);
  } else if (!absl::IsNotFound(record.status())) {
    content.misfit = Message(record.status());
  }
  return content;
}

}  // namespace chat::client
