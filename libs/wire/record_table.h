// The record table: how each protobuf message of chat.v1 looks on the wire, read once at start from
// the options in the descriptors (protos/bert/options.proto). PROTOCOL section 3.
#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/descriptor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bert/options.pb.h"
#include "rules/options.pb.h"

namespace chat::wire {

struct RecordType;

// What a protobuf field is in BERT.
enum class Kind { kBinary, kAtom, kInteger, kFloat, kBool, kEnum, kRecord, kTerm };

struct Field {
  const google::protobuf::FieldDescriptor* descriptor = nullptr;
  Kind kind = Kind::kBinary;
  const RecordType* record = nullptr;  // kRecord
  ::bert::Slot slot;
  rules::Limit limit;
  // kEnum: atom -> number with accepted misspellings, and number -> atom.
  std::unordered_map<std::string, int> numbers;
  std::unordered_map<int, std::string> atoms;
};

// One place in the tuple: a field, or the alternatives of a oneof.
struct Slot {
  std::string name;  // of the field or the oneof
  std::vector<Field> fields;
  std::string unset;  // encoded term for an unset field
  // The last place, a term: the tuple's normative form ends before it. Always set where it came.
  bool trailing = false;
};

// A form accepted on input: the slot for each place of the tuple, nullptr where it is dropped.
struct Layout {
  struct Meaning {
    std::string is;
    int means = 0;  // number of the selector's enum value
    const Slot* without = nullptr;
  };
  struct FromFeature {
    std::string key;
    const Slot* slot = nullptr;
  };
  std::vector<const Slot*> slots;     // nullptr: dropped
  std::vector<size_t> empty;          // of those, the ones that must hold nothing
  std::vector<std::string> when;      // selector atoms; empty: always
  std::vector<Meaning> meanings;      // of the selector in this form
  std::optional<size_t> features_at;  // the slot that holds Features
  std::vector<FromFeature> features;
};

struct RecordType {
  const google::protobuf::Descriptor* descriptor = nullptr;
  std::string tag;
  std::vector<std::string> also;
  ::bert::Shape shape = ::bert::RECORD;
  bool any_arity = false;
  std::vector<Slot> slots;
  const Slot* selector = nullptr;
  std::vector<Layout> layouts;  // the declared order first

  // Of the normative form.
  size_t arity() const { return slots.size() - (!slots.empty() && slots.back().trailing ? 1 : 0); }

  bool HasTag(std::string_view atom) const;
};

// Immutable after Build(), so free to share between threads. Types point into the table.
class RecordTable {
 public:
  // Reads chat.v1.Record and all that it reaches. Refuses, with the field's name: a duplicate tag,
  // an enum value without atom, an unsupported type, a layout that names an unknown slot.
  static absl::StatusOr<std::unique_ptr<RecordTable>> Build();
  // The table of this binary; aborts when the descriptors linked in are wrong, which the tests of
  // this library exclude.
  static const RecordTable& Get();

  // Records that may stand alone in a payload, i.e. the members of chat.v1.Record.
  const RecordType* ByTag(std::string_view tag) const;
  const RecordType* ByDescriptor(const google::protobuf::Descriptor* descriptor) const;
  // One line a record: tag, arity, slots. What tests/contract/records.golden pins.
  std::string Describe() const;

 private:
  friend class RecordTableBuilder;
  std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<RecordType>> types_;
  std::unordered_map<std::string, const RecordType*> by_tag_;
};

}  // namespace chat::wire
