#include "libs/wire/record_table.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"

namespace chat::wire {

namespace pb = google::protobuf;

namespace {

absl::StatusOr<Kind> KindOf(const pb::FieldDescriptor& field, const ::bert::Slot& slot) {
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      if (slot.atom()) return Kind::kAtom;
      if (slot.term()) return Kind::kTerm;
      if (field.type() == pb::FieldDescriptor::TYPE_BYTES) return Kind::kBinary;
      break;
    case pb::FieldDescriptor::CPPTYPE_INT32:
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return Kind::kInteger;
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      return Kind::kFloat;
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return Kind::kBool;
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return Kind::kEnum;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return Kind::kRecord;
    default:
      break;
  }
  return absl::InvalidArgumentError(field.full_name() + ": this type has no place on the wire");
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

absl::Status ReadAtoms(const pb::EnumDescriptor& type, Field* field) {
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    if (value.number() == 0) continue;  // "unset" never goes on the wire
    const std::string& atom = value.options().GetExtension(::bert::atom);
    if (atom.empty()) return absl::InvalidArgumentError(value.full_name() + ": no atom");
    field->atoms[value.number()] = atom;
    field->numbers[atom] = value.number();
    for (int j = 0; j < value.options().ExtensionSize(::bert::also); ++j) {
      field->numbers[value.options().GetExtension(::bert::also, j)] = value.number();
    }
  }
  return absl::OkStatus();
}

}  // namespace

class RecordTableBuilder {
 public:
  explicit RecordTableBuilder(RecordTable* table) : table_(table) {}

  absl::StatusOr<const RecordType*> Add(const pb::Descriptor* descriptor) {
    if (auto found = table_->types_.find(descriptor); found != table_->types_.end()) {
      return found->second.get();
    }
    if (!descriptor->options().HasExtension(::bert::record)) {
      return absl::InvalidArgumentError(descriptor->full_name() + ": no option (bert.record)");
    }
    RecordType* type = (table_->types_[descriptor] = std::make_unique<RecordType>()).get();
    const ::bert::Record& options = descriptor->options().GetExtension(::bert::record);
    type->descriptor = descriptor;
    type->tag = options.tag();
    type->also.assign(options.also().begin(), options.also().end());
    type->shape = options.shape();
    type->any_arity = options.any_arity();
    if ((type->shape == ::bert::RECORD) == type->tag.empty()) {
      return absl::InvalidArgumentError(descriptor->full_name() + ": a record has a tag, only it");
    }
    CHAT_RETURN_IF_ERROR(AddSlots(type));
    CHAT_RETURN_IF_ERROR(AddLayouts(options, type));
    return type;
  }

  absl::Status AddTopLevel() {
    CHAT_ASSIGN_OR_RETURN(const RecordType* all, Add(v1::Record::descriptor()));
    for (const Field& member : all->slots.at(0).fields) {
      std::vector<std::string> tags = member.record->also;
      tags.push_back(member.record->tag);
      for (const std::string& tag : tags) {
        if (!table_->by_tag_.emplace(tag, member.record).second) {
          return absl::InvalidArgumentError(tag + ": two records with this tag");
        }
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<Field> MakeField(const pb::FieldDescriptor* descriptor) {
    Field field;
    field.descriptor = descriptor;
    field.slot = descriptor->options().GetExtension(::bert::slot);
    field.limit = descriptor->options().GetExtension(rules::limit);
    CHAT_ASSIGN_OR_RETURN(field.kind, KindOf(*descriptor, field.slot));
    if (field.kind == Kind::kEnum) {
      CHAT_RETURN_IF_ERROR(ReadAtoms(*descriptor->enum_type(), &field));
    }
    if (field.kind == Kind::kRecord) {
      CHAT_ASSIGN_OR_RETURN(field.record, Add(descriptor->message_type()));
    }
    return field;
  }

  absl::Status AddSlots(RecordType* type) {
    const pb::Descriptor& descriptor = *type->descriptor;
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const pb::FieldDescriptor* declared = descriptor.field(i);
      if (declared->options().GetExtension(::bert::slot).hidden()) continue;
      const pb::OneofDescriptor* oneof = declared->real_containing_oneof();
      if (oneof == nullptr || oneof->field(0) == declared) {
        type->slots.emplace_back().name = oneof != nullptr ? oneof->name() : declared->name();
      }
      Slot& slot = type->slots.back();
      CHAT_ASSIGN_OR_RETURN(Field field, MakeField(declared));
      if (slot.fields.empty()) {
        CHAT_RETURN_IF_ERROR(SetUnset(field, &slot));
      }
      slot.trailing = field.slot.trailing();
      if (slot.trailing && (field.kind != Kind::kTerm || i + 1 != descriptor.field_count())) {
        return absl::InvalidArgumentError(declared->full_name() + ": trailing, but no last term");
      }
      slot.fields.push_back(std::move(field));
    }
    if (type->shape == ::bert::LIST &&
        (type->slots.size() != 1 || !type->slots[0].fields[0].descriptor->is_repeated())) {
      return absl::InvalidArgumentError(descriptor.full_name() + ": a LIST has one repeated field");
    }
    if (type->shape == ::bert::CHOICE && type->slots.size() != 1) {
      return absl::InvalidArgumentError(descriptor.full_name() + ": a CHOICE has one oneof");
    }
    return absl::OkStatus();
  }

  static absl::Status SetUnset(const Field& field, Slot* slot) {
    if (field.slot.unset().empty()) {
      bert::AppendNil(slot->unset);
      return absl::OkStatus();
    }
    auto term = bert::ParseErlangText(field.slot.unset());
    if (!term.ok()) {
      return absl::InvalidArgumentError(field.descriptor->full_name() + ": bad `unset`");
    }
    bert::AppendTerm(term.term(), slot->unset);
    return absl::OkStatus();
  }

  static absl::Status AddLayouts(const ::bert::Record& options, RecordType* type) {
    Layout declared;
    for (const Slot& slot : type->slots) {
      declared.slots.push_back(&slot);
      if (!options.selector().empty() && slot.name == options.selector()) type->selector = &slot;
    }
    if (!options.selector().empty() && type->selector == nullptr) {
      return absl::InvalidArgumentError(type->tag + ": no slot for the selector");
    }
    type->layouts.push_back(declared);
    if (type->arity() != type->slots.size()) {
      declared.slots.pop_back();
      type->layouts.push_back(std::move(declared));
    }
    for (const ::bert::Layout& form : options.layout()) {
      CHAT_ASSIGN_OR_RETURN(Layout layout, ReadForm(*type, form));
      type->layouts.push_back(std::move(layout));
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<const Slot*> SlotNamed(const RecordType& type, const std::string& name) {
    for (const Slot& slot : type.slots) {
      if (slot.name == name) return &slot;
    }
    return absl::InvalidArgumentError(type.tag + ": a layout names unknown slot " + name);
  }

  static absl::StatusOr<Layout> ReadForm(const RecordType& type, const ::bert::Layout& form) {
    Layout layout;
    layout.when = Words(form.when());
    for (const std::string& name : Words(form.slots())) {
      if (name == "*") layout.features_at = layout.slots.size();
      if (name == "[]") layout.empty.push_back(layout.slots.size());
      const Slot* place = nullptr;
      if (name != "_" && name != "[]" && name != "*") {
        CHAT_ASSIGN_OR_RETURN(place, SlotNamed(type, name));
      }
      layout.slots.push_back(place);
    }
    for (const std::string& pair : Words(form.features())) {
      const size_t split = pair.find('=');
      Layout::FromFeature feature;
      feature.key = split == std::string::npos ? "" : pair.substr(split + 1);
      CHAT_ASSIGN_OR_RETURN(feature.slot, SlotNamed(type, pair.substr(0, split)));
      layout.features.push_back(std::move(feature));
    }
    for (const ::bert::Layout::Meaning& said : form.selector()) {
      Layout::Meaning meaning;
      meaning.is = said.is();
      const auto& numbers = type.selector->fields[0].numbers;
      const auto number = numbers.find(said.means());
      if (number == numbers.end()) {
        return absl::InvalidArgumentError(type.tag + ": a layout means unknown " + said.means());
      }
      meaning.means = number->second;
      if (!said.without().empty()) {
        CHAT_ASSIGN_OR_RETURN(meaning.without, SlotNamed(type, said.without()));
      }
      layout.meanings.push_back(std::move(meaning));
    }
    return layout;
  }

  RecordTable* table_;
};

bool RecordType::HasTag(std::string_view atom) const {
  return atom == tag || std::find(also.begin(), also.end(), atom) != also.end();
}

absl::StatusOr<std::unique_ptr<RecordTable>> RecordTable::Build() {
  auto table = std::make_unique<RecordTable>();
  CHAT_RETURN_IF_ERROR(RecordTableBuilder(table.get()).AddTopLevel());
  return table;
}

const RecordTable& RecordTable::Get() {
  static const RecordTable& table = *[] {
    auto built = Build();
    if (!built.ok()) {
      std::cerr << "record table: " << Message(built.status()) << std::endl;
      std::abort();
    }
    return built->release();
  }();
  return table;
}

const RecordType* RecordTable::ByTag(std::string_view tag) const {
  auto found = by_tag_.find(std::string(tag));
  return found == by_tag_.end() ? nullptr : found->second;
}

const RecordType* RecordTable::ByDescriptor(const pb::Descriptor* descriptor) const {
  auto found = types_.find(descriptor);
  return found == types_.end() ? nullptr : found->second.get();
}

std::string RecordTable::Describe() const {
  std::map<std::string, const RecordType*> sorted;
  for (const auto& [descriptor, type] : types_) {
    if (type->shape == ::bert::RECORD) {
      sorted[absl::StrCat(type->tag, " ", type->arity())] = type.get();
    }
  }
  std::string text;
  for (const auto& [key, type] : sorted) {
    text += key + ":";
    for (const Slot& slot : type->slots) text += (slot.trailing ? " also " : " ") + slot.name;
    text += "\n";
    for (size_t i = type->arity() == type->slots.size() ? 1 : 2; i < type->layouts.size(); ++i) {
      text += absl::StrCat("  also ", type->layouts[i].slots.size(), ":");
      const Layout& form = type->layouts[i];
      for (size_t at = 0; at < form.slots.size(); ++at) {
        const bool empty = std::find(form.empty.begin(), form.empty.end(), at) != form.empty.end();
        const char* without_name = form.features_at == at ? "*" : empty ? "[]" : "_";
        text += " " + (form.slots[at] != nullptr ? form.slots[at]->name : without_name);
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace chat::wire
