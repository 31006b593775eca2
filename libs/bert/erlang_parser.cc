#include <string>
#include <utility>
#include <vector>

#include "libs/base/utf8.h"
#include "libs/bert/erlang_atoms.h"
#include "libs/bert/erlang_scanner.h"
#include "libs/bert/text.h"

namespace chat::bert {
namespace {

// Recursive descent; `depth` is the number of containers entered.
class ErlangParser {
 public:
  ErlangParser(std::string_view text, const Limits& limits)
      : scanner_(text, limits.integer_bytes), limits_(limits), terms_left_(limits.terms) {}

  DecodeResult Parse() {
    Term term;
    if (!ReadTerm(term, 0)) return DecodeResult::Error(scanner_.Reason());
    scanner_.Accept(".");
    scanner_.SkipBlank();
    if (scanner_.AtEnd()) return term;
    scanner_.Fail("expected the end");
    return DecodeResult::Error(scanner_.Reason());
  }

 private:
  bool ReadTerm(Term& out, size_t depth);
  bool ReadElement(std::vector<Term>& out, size_t depth);
  bool ReadElements(std::vector<Term>& out, size_t depth);
  bool ReadTuple(Term& out, size_t depth);
  bool ReadList(Term& out, size_t depth);
  bool ReadMap(Term& out, size_t depth);
  bool ReadEntry(std::vector<MapEntry>& out, size_t depth);
  bool ReadBinary(Term& out);
  bool ReadSegment(std::string& bytes);
  bool ReadTextSegment(std::string& bytes);
  bool ReadString(Term& out);
  bool ReadAtom(Term& out);
  bool MakeAtom(std::string_view name, Term& out);

  bool Enter(size_t& depth) {
    if (depth >= limits_.depth) return scanner_.Fail("nested too deeply");
    ++depth;
    return true;
  }

  bool Claim() {
    if (terms_left_ == 0) return scanner_.Fail("too many terms");
    --terms_left_;
    return true;
  }

  ErlangScanner scanner_;
  const Limits& limits_;
  size_t terms_left_;
};

bool ErlangParser::ReadTerm(Term& out, size_t depth) {
  if (scanner_.Accept("{")) return ReadTuple(out, depth);
  if (scanner_.Accept("[")) return ReadList(out, depth);
  if (scanner_.Accept("#{")) return ReadMap(out, depth);
  if (scanner_.Accept("<<")) return ReadBinary(out);
  if (scanner_.AtNumber()) return scanner_.ReadNumber(out);
  if (scanner_.Peek() == '"') return ReadString(out);
  if (scanner_.Peek() != '$') return ReadAtom(out);
  char32_t character = 0;
  if (!scanner_.ReadCharacterLiteral(character)) return false;
  out = Term::Integer(character);
  return true;
}

bool ErlangParser::ReadElement(std::vector<Term>& out, size_t depth) {
  Term element;
  if (!Claim() || !ReadTerm(element, depth)) return false;
  out.push_back(std::move(element));
  return true;
}

bool ErlangParser::ReadElements(std::vector<Term>& out, size_t depth) {
  do {
    if (!ReadElement(out, depth)) return false;
  } while (scanner_.Accept(","));
  return true;
}

bool ErlangParser::ReadTuple(Term& out, size_t depth) {
  if (!Enter(depth)) return false;
  std::vector<Term> elements;
  if (!scanner_.Accept("}")) {
    if (!ReadElements(elements, depth) || !scanner_.Expect("}")) return false;
  }
  out = Term::Tuple(std::move(elements));
  return true;
}

bool ErlangParser::ReadList(Term& out, size_t depth) {
  if (scanner_.Accept("]")) return true;
  if (!Enter(depth)) return false;
  std::vector<Term> elements;
  if (!ReadElements(elements, depth)) return false;
  Term tail;
  if (scanner_.Accept("|") && !ReadTerm(tail, depth)) return false;
  if (!scanner_.Expect("]")) return false;
  out = Term::ImproperList(std::move(elements), std::move(tail));
  return true;
}

bool ErlangParser::ReadEntry(std::vector<MapEntry>& out, size_t depth) {
  MapEntry entry;
  if (!Claim() || !Claim() || !ReadTerm(entry.key, depth)) return false;
  if (!scanner_.Expect("=>") || !ReadTerm(entry.value, depth)) return false;
  out.push_back(std::move(entry));
  return true;
}

bool ErlangParser::ReadMap(Term& out, size_t depth) {
  if (!Enter(depth)) return false;
  std::vector<MapEntry> entries;
  if (!scanner_.Accept("}")) {
    do {
      if (!ReadEntry(entries, depth)) return false;
    } while (scanner_.Accept(","));
    if (!scanner_.Expect("}")) return false;
  }
  auto map = Term::Map(std::move(entries));
  if (!map) return scanner_.Fail("a map with the same key twice");
  out = *std::move(map);
  return true;
}

bool ErlangParser::ReadBinary(Term& out) {
  std::string bytes;
  if (!scanner_.Accept(">>")) {
    do {
      if (!ReadSegment(bytes)) return false;
    } while (scanner_.Accept(","));
    if (!scanner_.Expect(">>")) return false;
  }
  out = Term::Binary(bytes);
  return true;
}

bool ErlangParser::ReadSegment(std::string& bytes) {
  scanner_.SkipBlank();
  if (scanner_.Peek() == '"') return ReadTextSegment(bytes);
  if (!scanner_.AtNumber()) return scanner_.Fail("expected a byte or text");
  Term number;
  if (!scanner_.ReadNumber(number)) return false;
  const auto value = number.AsInteger();
  if (!value || *value < 0 || *value > 255) return scanner_.Fail("a byte outside 0..255");
  bytes.push_back(static_cast<char>(*value));
  return true;
}

// Without `/utf8` the characters are bytes, as in Erlang; but what Erlang would cut to a byte is
// refused.
bool ErlangParser::ReadTextSegment(std::string& bytes) {
  std::u32string characters;
  if (!scanner_.ReadQuoted('"', characters)) return false;
  const bool utf8 = scanner_.Accept("/utf8");
  for (const char32_t character : characters) {
    if (utf8) {
      AppendCharacter(character, bytes);
    } else if (character <= 0xff) {
      bytes.push_back(static_cast<char>(character));
    } else {
      return scanner_.Fail("a character above U+00FF needs \"...\"/utf8");
    }
  }
  return true;
}

bool ErlangParser::ReadString(Term& out) {
  std::u32string characters;
  if (!scanner_.ReadQuoted('"', characters)) return false;
  std::vector<Term> elements;
  for (const char32_t character : characters) {
    if (!Claim()) return false;
    elements.push_back(Term::Integer(character));
  }
  out = Term::List(std::move(elements));
  return true;
}

bool ErlangParser::MakeAtom(std::string_view name, Term& out) {
  if (!Term::ValidAtom(name)) return scanner_.Fail("an atom of more than 255 characters");
  out = Term::Atom(name);
  return true;
}

bool ErlangParser::ReadAtom(Term& out) {
  std::string name;
  if (scanner_.Peek() != '\'') {
    if (!scanner_.ReadWord(name)) return false;
    if (IsReservedWord(name)) return scanner_.Fail("a reserved word needs quotes");
    return MakeAtom(name, out);
  }
  std::u32string characters;
  if (!scanner_.ReadQuoted('\'', characters)) return false;
  for (const char32_t character : characters) AppendCharacter(character, name);
  return MakeAtom(name, out);
}

}  // namespace

DecodeResult ParseErlangText(std::string_view text, const Limits& limits) {
  return ErlangParser(text, limits).Parse();
}

}  // namespace chat::bert
