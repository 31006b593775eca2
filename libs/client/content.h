// What a payload says: the term, and the record that it is. The same steps and limits as the
// gateway's (PROTOCOL 4.1 steps 1 to 3).
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "libs/bert/term.h"
#include "libs/wire/translator.h"

namespace chat::client {

struct Content {
  bert::Term term;
  // type is nullptr when the term is no valid record.
  wire::ReadRecord record;
  // The term is named like a record but does not fit it: "Record.field: what is wrong".
  std::string misfit;

  // "Message", "io" …; empty when it is no record.
  std::string_view record_name() const;

  // The record as T (a message of chat.v1), or nullptr.
  template <typename T>
  const T* As() const {
    return dynamic_cast<const T*>(record.message.get());
  }
};

// kDataLoss with the decoder's reason: the payload is malformed (PROTOCOL 2.3, 2.4). Pure.
absl::StatusOr<Content> ReadContent(std::string_view payload);

}  // namespace chat::client
