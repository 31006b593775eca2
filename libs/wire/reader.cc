// Terms into messages: PROTOCOL 2.5 (leniency of fields), 3.16 (layouts), 4.6 (limits).
#include <absl/strings/str_cat.h>

#include <charconv>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/bert/encode.h"
#include "libs/wire/translator.h"

namespace chat::wire {

namespace pb = google::protobuf;
using bert::Term;

namespace {

// {bert,nil}, {bert,true}, {bert,false}: the atom in it.
std::optional<std::string_view> BertAtom(const Term& term) {
  const std::vector<Term>* tuple = term.AsTuple();
  if (tuple == nullptr || tuple->size() != 2 || !(*tuple)[0].IsAtom("bert")) return std::nullopt;
  return (*tuple)[1].AsAtom();
}

bool IsNotGiven(const Term& term) {
  return term.IsNil() || term.IsAtom("undefined") || BertAtom(term) == "nil";
}

// {bert,string,'UTF-8',Bin}, the wrapper of python-bert.
std::optional<std::string_view> WrappedText(const Term& term) {
  const std::vector<Term>* tuple = term.AsTuple();
  if (tuple == nullptr || tuple->size() != 4 || !(*tuple)[0].IsAtom("bert") ||
      !(*tuple)[1].IsAtom("string")) {
    return std::nullopt;
  }
  std::optional<std::string_view> encoding = (*tuple)[2].AsAtom();
  if (!encoding || encoding->size() != 5 ||
      !std::equal(encoding->begin(), encoding->end(), "utf-8", [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
      })) {
    return std::nullopt;
  }
  return (*tuple)[3].AsBinary();
}

std::optional<std::string_view> AsBytes(const Term& term) {
  if (auto binary = term.AsBinary()) return binary;
  if (auto list = term.AsByteList()) return list;
  return WrappedText(term);
}

// Characters of strict UTF-8 without NUL; nullopt for anything else.
std::optional<size_t> Characters(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80   ? 1
                          : lead < 0xc2 ? 0
                          : lead < 0xe0 ? 2
                          : lead < 0xf0 ? 3
                          : lead < 0xf5 ? 4
                                        : 0;
    if (length == 0 || lead == 0 || i + length > text.size()) return std::nullopt;
    uint32_t point = length == 1 ? lead : lead & (0x7f >> length);
    for (size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xc0) != 0x80) return std::nullopt;
      point = point << 6 | (next & 0x3f);
    }
    if ((length == 3 && point < 0x800) || (length == 4 && point < 0x10000) || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff)) {
      return std::nullopt;
    }
    i += length;
  }
  return count;
}

absl::Status Wrong(const Field& field, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field.descriptor->containing_type()->name(), ".",
                                                 field.descriptor->name(), ": ", View(what)));
}

absl::Status CheckBytes(const Field& field, std::string_view bytes) {
  const rules::Limit& limit = field.limit;
  if (limit.max_bytes() > 0 && bytes.size() > static_cast<size_t>(limit.max_bytes())) {
    return Wrong(field, "too long");
  }
  if (!limit.text() || bytes.empty()) return absl::OkStatus();
  std::optional<size_t> characters = Characters(bytes);
  if (!characters) return Wrong(field, "not UTF-8 text");
  if (*characters < static_cast<size_t>(limit.min_chars())) return Wrong(field, "too short");
  if (limit.max_chars() > 0 && *characters > static_cast<size_t>(limit.max_chars())) {
    return Wrong(field, "too long");
  }
  return absl::OkStatus();
}

class Reader {
 public:
  bool unknown_selector() const { return unknown_selector_; }

  absl::Status ReadType(const RecordType& type, const Term& term, pb::Message* out, bool nested) {
    switch (type.shape) {
      case ::bert::CHOICE:
        return ReadSlot(type, type.slots[0], term, out);
      case ::bert::LIST:
        return ReadRepeated(type.slots[0].fields[0], term, out);
      case ::bert::TUPLE: {
        const std::vector<Term>* tuple = term.AsTuple();
        if (tuple == nullptr) return absl::InvalidArgumentError("not a tuple");
        return ReadLayout(type, type.layouts[0], std::span(*tuple), out);
      }
      default:
        return ReadRecord(type, term, out, nested);
    }
  }

 private:
  // The layouts of the tuple's arity, in order; the first that fits.
  absl::Status ReadRecord(const RecordType& type, const Term& term, pb::Message* out, bool nested) {
    const std::vector<Term>* tuple = term.AsTuple();
    if (tuple == nullptr || tuple->empty() || !(*tuple)[0].AsAtom() ||
        !type.HasTag(*(*tuple)[0].AsAtom())) {
      return absl::InvalidArgumentError(absl::StrCat("not a ", type.tag));
    }
    std::span<const Term> slots(tuple->data() + 1, tuple->size() - 1);
    absl::Status first = absl::InvalidArgumentError(
        absl::StrCat(type.tag, ": no layout with ", slots.size(), " fields"));
    bool tried = false;
    for (const Layout& layout : type.layouts) {
      if (layout.slots.size() != slots.size() || !Applies(type, layout, slots)) continue;
      out->Clear();
      unknown_selector_ = false;
      absl::Status status = ReadLayout(type, layout, slots, out);
      if (status.ok()) return status;
      if (!tried) first = status;
      tried = true;
    }
    // Of those inside a request only the first field matters, whatever a client made of the others.
    if (nested && type.any_arity && !slots.empty()) {
      out->Clear();
      return ReadSlot(type, type.slots[0], slots[0], out);
    }
    return first;
  }

  static bool Applies(const RecordType& type, const Layout& layout, std::span<const Term> slots) {
    if (layout.when.empty()) return true;
    for (size_t i = 0; i < slots.size(); ++i) {
      if (layout.slots[i] != type.selector) continue;
      for (const std::string& atom : layout.when) {
        if (slots[i].IsAtom(atom)) return true;
      }
    }
    return false;
  }

  absl::Status ReadLayout(const RecordType& type, const Layout& layout, std::span<const Term> slots,
                          pb::Message* out) {
    if (slots.size() != layout.slots.size()) return absl::InvalidArgumentError("wrong arity");
    for (const size_t place : layout.empty) {
      if (!IsNotGiven(slots[place])) return absl::InvalidArgumentError("no shifted layout");
    }
    const Layout::Meaning* meaning = nullptr;
    for (size_t i = 0; i < slots.size(); ++i) {
      if (layout.features_at == i) ReadFeatures(type, layout, slots[i], out);
      if (layout.slots[i] == nullptr) continue;
      if (layout.slots[i] == type.selector) meaning = MeaningOf(layout, slots[i]);
      if (layout.slots[i] == type.selector && meaning != nullptr) continue;
      CHAT_RETURN_IF_ERROR(ReadSlot(type, *layout.slots[i], slots[i], out));
    }
    if (meaning == nullptr) return absl::OkStatus();
    const pb::Reflection& to = *out->GetReflection();
    to.SetEnumValue(out, type.selector->fields[0].descriptor, meaning->means);
    if (meaning->without != nullptr) {
      to.ClearField(out, meaning->without->fields[0].descriptor);
    }
    return absl::OkStatus();
  }

  static const Layout::Meaning* MeaningOf(const Layout& layout, const Term& selector) {
    for (const Layout::Meaning& meaning : layout.meanings) {
      if (meaning.is.empty() ? IsNotGiven(selector) : selector.IsAtom(meaning.is)) return &meaning;
    }
    return nullptr;
  }

  // {'Feature',Id,Key,Value,Group}; what is none, or has a value that does not fit, fills nothing.
  void ReadFeatures(const RecordType& type, const Layout& layout, const Term& list,
                    pb::Message* out) {
    if (!list.IsProperList()) return;
    list.ForEachElement([&](const Term& element) {
      const std::vector<Term>* tuple = element.AsTuple();
      if (tuple == nullptr || tuple->size() != 5 || !(*tuple)[0].IsAtom("Feature")) return true;
      for (const Layout::FromFeature& feature : layout.features) {
        if (AsBytes((*tuple)[2]) != feature.key) continue;
        const Field& field = feature.slot->fields[0];
        std::optional<std::string_view> text = AsBytes((*tuple)[3]);
        if (field.kind != Kind::kInteger) {
          if (!ReadValue(field, (*tuple)[3], out).ok()) return true;
        } else if (text) {
          if (auto value = Decimal(*text)) {
            out->GetReflection()->SetInt64(out, field.descriptor, *value);
          }
        } else {
          (void)ReadValue(field, (*tuple)[3], out).ok();
        }
      }
      return true;
    });
  }

  absl::Status ReadSlot(const RecordType& type, const Slot& slot, const Term& term,
                        pb::Message* out) {
    if (IsNotGiven(term) && !slot.trailing) return absl::OkStatus();
    if (slot.fields.size() == 1) {
      const Field& field = slot.fields[0];
      if (field.descriptor->is_repeated()) return ReadRepeated(field, term, out);
      if (&slot == type.selector && field.kind == Kind::kEnum)
        return ReadSelector(field, term, out);
      return ReadValue(field, term, out);
    }
    absl::Status first;
    for (const Field& field : slot.fields) {
      absl::Status status = ReadValue(field, term, out);
      if (status.ok()) return status;
      out->GetReflection()->ClearField(out, field.descriptor);
      // A record of the right name is meant to be that one: its own error says more.
      if (first.ok() || IsNamed(field, term)) first = status;
    }
    return first;
  }

  static bool IsNamed(const Field& field, const Term& term) {
    const std::vector<Term>* tuple = term.AsTuple();
    return field.record != nullptr && tuple != nullptr && !tuple->empty() &&
           field.record->HasTag((*tuple)[0].AsAtom().value_or(""));
  }

  // An unknown selector is no type mismatch: the state of the connection is judged first.
  absl::Status ReadSelector(const Field& field, const Term& term, pb::Message* out) {
    std::optional<std::string_view> atom = term.AsAtom();
    if (!atom) return Wrong(field, "not an atom");
    auto number = field.numbers.find(std::string(*atom));
    if (number == field.numbers.end()) {
      unknown_selector_ = true;
      return absl::OkStatus();
    }
    out->GetReflection()->SetEnumValue(out, field.descriptor, number->second);
    return absl::OkStatus();
  }

  absl::Status ReadRepeated(const Field& field, const Term& term, pb::Message* out) {
    if (IsNotGiven(term)) return absl::OkStatus();
    if (field.slot.single() && !term.IsProperList()) return ReadValue(field, term, out);
    if (!term.IsProperList()) return Wrong(field, "not a list");
    const int limit = field.limit.max_items();
    if (limit > 0 && term.ProperListSize() > static_cast<size_t>(limit)) {
      return Wrong(field, "too many");
    }
    absl::Status status;
    term.ForEachElement([&](const Term& element) {
      status = ReadValue(field, element, out);
      return status.ok();
    });
    return status;
  }

  // One value into a field: set, or added where the field is repeated.
  absl::Status ReadValue(const Field& field, const Term& term, pb::Message* out) {
    const pb::Reflection& to = *out->GetReflection();
    const pb::FieldDescriptor* name = field.descriptor;
    const bool repeated = name->is_repeated();
    switch (field.kind) {
      case Kind::kBinary: {
        std::optional<std::string_view> bytes = AsBytes(term);
        if (!bytes) return Wrong(field, "not a binary");
        CHAT_RETURN_IF_ERROR(CheckBytes(field, *bytes));
        repeated ? to.AddString(out, name, std::string(*bytes))
                 : to.SetString(out, name, std::string(*bytes));
        return absl::OkStatus();
      }
      case Kind::kAtom:
        return ReadAtom(field, term, out);
      case Kind::kInteger: {
        std::optional<int64_t> value = AsInteger(field, term);
        if (!value) return Wrong(field, "not an integer of 64 bits");
        repeated ? to.AddInt64(out, name, *value) : to.SetInt64(out, name, *value);
        return absl::OkStatus();
      }
      case Kind::kFloat: {
        std::optional<double> value = term.AsFloat();
        if (!value && term.AsInteger()) value = static_cast<double>(*term.AsInteger());
        if (!value) return Wrong(field, "not a number");
        if (name->real_containing_oneof() != nullptr && term.AsInteger()) {
          return Wrong(field, "not a float");
        }
        repeated ? to.AddDouble(out, name, *value) : to.SetDouble(out, name, *value);
        return absl::OkStatus();
      }
      case Kind::kBool: {
        std::optional<std::string_view> atom = term.AsAtom();
        if (!atom) atom = BertAtom(term);
        if (atom != "true" && atom != "false") return Wrong(field, "not true or false");
        repeated ? to.AddBool(out, name, atom == "true") : to.SetBool(out, name, atom == "true");
        return absl::OkStatus();
      }
      case Kind::kEnum: {
        auto number = field.numbers.find(std::string(term.AsAtom().value_or("")));
        if (number == field.numbers.end()) return Wrong(field, "not one of its atoms");
        repeated ? to.AddEnumValue(out, name, number->second)
                 : to.SetEnumValue(out, name, number->second);
        return absl::OkStatus();
      }
      case Kind::kRecord:
        return ReadType(*field.record, term,
                        repeated ? to.AddMessage(out, name) : to.MutableMessage(out, name), true);
      case Kind::kTerm: {
        std::string encoded;
        bert::AppendTerm(term, encoded);
        CHAT_RETURN_IF_ERROR(CheckBytes(field, encoded));
        repeated ? to.AddString(out, name, encoded) : to.SetString(out, name, encoded);
        return absl::OkStatus();
      }
    }
    return Wrong(field, "unsupported");
  }

  static absl::Status ReadAtom(const Field& field, const Term& term, pb::Message* out) {
    std::optional<std::string_view> atom = term.AsAtom();
    if (!atom && field.slot.first_of()) {
      const std::vector<Term>* list = term.AsList();
      if (list != nullptr && !list->empty()) atom = list->front().AsAtom();
    }
    if (!atom) atom = BertAtom(term);
    // Codes of `ok` and `error` come as binaries from some peers (PROTOCOL 3.1).
    if (!atom && field.record == nullptr && field.descriptor->name() == "code") {
      if (auto text = term.AsBinary(); text && Term::ValidAtom(*text)) atom = text;
    }
    if (!atom) return Wrong(field, "not an atom");
    const pb::Reflection& to = *out->GetReflection();
    field.descriptor->is_repeated() ? to.AddString(out, field.descriptor, std::string(*atom))
                                    : to.SetString(out, field.descriptor, std::string(*atom));
    return absl::OkStatus();
  }

  static std::optional<int64_t> AsInteger(const Field& field, const Term& term) {
    if (auto value = term.AsInteger()) return value;
    if (!field.slot.digits()) return std::nullopt;
    std::optional<std::string_view> digits = AsBytes(term);
    return digits ? Decimal(*digits) : std::nullopt;
  }

  static std::optional<int64_t> Decimal(std::string_view digits) {
    if (digits.empty() || digits.front() == '-') return std::nullopt;
    int64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  }

  bool unknown_selector_ = false;
};

}  // namespace

absl::StatusOr<ReadRecord> Read(const Term& term) {
  const std::vector<Term>* tuple = term.AsTuple();
  if (tuple == nullptr || tuple->empty() || !(*tuple)[0].AsAtom()) {
    return absl::NotFoundError("not a record");
  }
  ReadRecord record;
  record.type = RecordTable::Get().ByTag(*(*tuple)[0].AsAtom());
  if (record.type == nullptr) return absl::NotFoundError("no record of this name");
  record.message.reset(
      pb::MessageFactory::generated_factory()->GetPrototype(record.type->descriptor)->New());
  Reader reader;
  CHAT_RETURN_IF_ERROR(reader.ReadType(*record.type, term, record.message.get(), false));
  record.unknown_selector = reader.unknown_selector();
  return record;
}

absl::Status ReadInto(const Term& term, pb::Message* message) {
  const RecordType* type = RecordTable::Get().ByDescriptor(message->GetDescriptor());
  if (type == nullptr) return absl::InvalidArgumentError("no record of this type");
  Reader reader;
  return reader.ReadType(*type, term, message, false);
}

}  // namespace chat::wire
