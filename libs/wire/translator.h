// The generic translator: BERT terms into protobuf messages and back, by the record table. There is
// no code for a single record. PROTOCOL sections 2.2, 2.5, 3 and 3.16.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "libs/bert/term.h"
#include "libs/wire/record_table.h"

namespace chat::wire {

struct ReadRecord {
  const RecordType* type = nullptr;
  std::unique_ptr<google::protobuf::Message> message;
  // The selector's atom is none that the record knows (PROTOCOL 4.1 step 5): the field is unset.
  bool unknown_selector = false;
};

// The record that `term` is. kNotFound: no tuple with the tag of a record (4.1 step 2);
// kInvalidArgument: no layout fits, "Record.field: what is wrong" (4.1 step 3). Pure, thread safe.
absl::StatusOr<ReadRecord> Read(const bert::Term& term);

// As Read, for one known type, also those that never stand alone.
absl::Status ReadInto(const bert::Term& term, google::protobuf::Message* message);

// Appends the canonical payload (version byte and term) of a record, normative arity. `message` is
// a record of the table or a chat.v1.Record with one set; anything else is a broken invariant
// (abort).
void Write(const google::protobuf::Message& message, std::string* out);

}  // namespace chat::wire
