// Messages into canonical BERT: PROTOCOL 2.2, normative arity (8.6).
#include <cstdlib>
#include <iostream>

#include "libs/bert/encode.h"
#include "libs/wire/translator.h"

namespace chat::wire {

namespace pb = google::protobuf;

namespace {

[[noreturn]] void Broken(const std::string& what) {
  std::cerr << "wire::Write: " << what << std::endl;
  std::abort();
}

class Writer {
 public:
  explicit Writer(std::string* out) : out_(*out) {}

  void WriteType(const RecordType& type, const pb::Message& message) {
    const size_t slots = Slots(type, message);
    switch (type.shape) {
      case ::bert::CHOICE:
        WriteSlot(type.slots[0], message);
        return;
      case ::bert::LIST:
        WriteRepeated(type.slots[0].fields[0], message);
        return;
      case ::bert::TUPLE:
        bert::AppendTupleHeader(slots, out_);
        break;
      default:
        bert::AppendTupleHeader(slots + 1, out_);
        Atom(type.tag);
    }
    for (size_t i = 0; i < slots; ++i) WriteSlot(type.slots[i], message);
  }

 private:
  // How many of them this message has.
  static size_t Slots(const RecordType& type, const pb::Message& message) {
    if (type.arity() == type.slots.size()) return type.slots.size();
    const pb::FieldDescriptor* last = type.slots.back().fields[0].descriptor;
    return type.arity() + (message.GetReflection()->HasField(message, last) ? 1 : 0);
  }

  void Atom(const std::string& name) {
    if (!bert::AppendAtom(name, out_)) Broken("not an atom: " + name);
  }

  void WriteSlot(const Slot& slot, const pb::Message& message) {
    const pb::Reflection& from = *message.GetReflection();
    for (const Field& field : slot.fields) {
      if (field.descriptor->is_repeated()) return WriteRepeated(field, message);
      // Without presence the protobuf default is a value like any other.
      if (!field.descriptor->has_presence() || from.HasField(message, field.descriptor)) {
        return WriteValue(field, message, -1);
      }
    }
    out_ += slot.unset;
  }

  void WriteRepeated(const Field& field, const pb::Message& message) {
    const pb::Reflection& from = *message.GetReflection();
    const int size = from.FieldSize(message, field.descriptor);
    if (size == 0) return bert::AppendNil(out_);
    if (field.slot.single() && size == 1) return WriteValue(field, message, 0);
    std::vector<int64_t> integers;
    for (int i = 0; i < size; ++i) {
      std::optional<int64_t> value = IntegerAt(field, message, i);
      if (!value) break;
      integers.push_back(*value);
    }
    if (integers.size() == static_cast<size_t>(size)) {
      return bert::AppendIntegerList(integers, out_);
    }
    bert::AppendListHeader(size, out_);
    for (int i = 0; i < size; ++i) WriteValue(field, message, i);
    bert::AppendNil(out_);
  }

  // Lists of integers have a form of their own, also where the element is a choice.
  static std::optional<int64_t> IntegerAt(const Field& field, const pb::Message& message, int i) {
    const pb::Reflection& from = *message.GetReflection();
    if (field.kind == Kind::kInteger) return from.GetRepeatedInt64(message, field.descriptor, i);
    if (field.kind != Kind::kRecord || field.record->shape != ::bert::CHOICE) return std::nullopt;
    const pb::Message& element = from.GetRepeatedMessage(message, field.descriptor, i);
    for (const Field& choice : field.record->slots[0].fields) {
      if (choice.kind == Kind::kInteger &&
          element.GetReflection()->HasField(element, choice.descriptor)) {
        return element.GetReflection()->GetInt64(element, choice.descriptor);
      }
    }
    return std::nullopt;
  }

  // `index` is the element of a repeated field, -1 for a singular one.
  void WriteValue(const Field& field, const pb::Message& message, int index) {
    const pb::Reflection& from = *message.GetReflection();
    const pb::FieldDescriptor* name = field.descriptor;
    const bool one = index < 0;
    std::string scratch;
    auto text = [&]() -> const std::string& {
      return one ? from.GetStringReference(message, name, &scratch)
                 : from.GetRepeatedStringReference(message, name, index, &scratch);
    };
    switch (field.kind) {
      case Kind::kBinary:
        return bert::AppendBinary(text(), out_);
      case Kind::kAtom:
        return Atom(text());
      case Kind::kTerm:
        out_ += text();
        return;
      case Kind::kInteger:
        return bert::AppendInteger(
            one ? from.GetInt64(message, name) : from.GetRepeatedInt64(message, name, index), out_);
      case Kind::kFloat: {
        double value =
            one ? from.GetDouble(message, name) : from.GetRepeatedDouble(message, name, index);
        if (!bert::AppendFloat(value, out_)) Broken(name->full_name() + ": not finite");
        return;
      }
      case Kind::kBool:
        return Atom((one ? from.GetBool(message, name) : from.GetRepeatedBool(message, name, index))
                        ? "true"
                        : "false");
      case Kind::kEnum: {
        const int number = one ? from.GetEnumValue(message, name)
                               : from.GetRepeatedEnumValue(message, name, index);
        auto atom = field.atoms.find(number);
        if (atom == field.atoms.end()) return bert::AppendNil(out_);
        return Atom(atom->second);
      }
      case Kind::kRecord:
        return WriteType(*field.record, one ? from.GetMessage(message, name)
                                            : from.GetRepeatedMessage(message, name, index));
    }
  }

  std::string& out_;
};

}  // namespace

void Write(const pb::Message& message, std::string* out) {
  const RecordType* type = RecordTable::Get().ByDescriptor(message.GetDescriptor());
  if (type == nullptr) Broken(message.GetTypeName() + " is no record");
  bert::AppendVersion(*out);
  Writer(out).WriteType(*type, message);
}

}  // namespace chat::wire
