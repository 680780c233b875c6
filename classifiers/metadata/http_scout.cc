#include "classifiers/metadata/http_scout.h"

#include <algorithm>

#include "classifiers/metadata/http_framing.h"
#include "classifiers/metadata/http_head.h"

namespace weir {

void HttpScout::Begin(Look look, bool amid_line) {
  look_ = look;
  amid_line_ = amid_line;
  in_host_ = false;
  names_ = 0;
  line_.clear();
  host_.clear();
}

void HttpScout::OnBytes(Bytes bytes, TxId tx, Metadata& out, Inspection& result) {
  std::string_view text = AsText(bytes);
  if (amid_line_) {
    const std::size_t line_end = text.find('\n');
    amid_line_ = line_end == std::string_view::npos;
    text.remove_prefix(amid_line_ ? text.size() : line_end + 1);
  }
  while (!text.empty() && look_ != Look::kNone) {
    const std::size_t n = std::min(text.find_first_of("\r\n"), text.size());
    line_.append(text.substr(0, std::min(n, kMaxLine - line_.size())));
    const bool ends = n < text.size();
    text.remove_prefix(ends ? n + 1 : n);
    if (!ends && look_ == Look::kAtRequest && ProbeHttp(line_) == 0) look_ = Look::kNone;
    if (!ends) break;
    if (!line_.empty()) OnLine(tx, out, result);
    line_.clear();
  }
}

void HttpScout::OnLine(TxId tx, Metadata& out, Inspection& result) {
  const RequestLine request = ReadRequestLine(line_);
  const bool requests = !request.method.empty() && (!request.version.empty() || line_.size() == kMaxLine);
  if (look_ == Look::kAtRequest) look_ = requests ? Look::kAll : Look::kNone;
  if (look_ == Look::kNone) return;
  if (requests) {
    host_.clear();
    in_host_ = false;
    result.events |= AddRequest(request.method, request.target, tx, host_, out);
    return;
  }
  const std::string_view line = line_;
  const std::size_t colon = line.find(':');
  const bool folded = line.front() == ' ' || line.front() == '\t';
  if (!folded || !in_host_) {
    in_host_ = colon != std::string_view::npos && EqualsNoCase(TrimBlanks(line.substr(0, colon)), "host");
    if (in_host_) OnHost(TrimBlanks(line.substr(colon + 1)), tx, out, result);
    return;
  }
  OnHost(TrimBlanks(line), tx, out, result);
}

void HttpScout::OnHost(std::string_view value, TxId tx, Metadata& out, Inspection& result) {
  if (value.empty()) return;
  if (++names_ > kMostNames) {
    result.events |= Bit(ReaderEvent::kHttpHeadBudget);
    return;
  }
  result.events |= AddHost(value, tx, host_, out);
}

}  // namespace weir
