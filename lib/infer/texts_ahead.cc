#include "lib/infer/texts_ahead.h"

#include <exception>
#include <utility>

#include "lib/infer/token_inputs.h"

namespace rk {
namespace {

std::vector<Field> TextsOf(const Input& input) {
  std::vector<Field> fields = input.fields;
  for (size_t i = 0; i < fields.size(); ++i) fields[i].row = i;
  return fields;
}

}  // namespace

void TextsAhead::Batch::Await(size_t count) const {
  for (size_t done = done_.load(std::memory_order_acquire); done < count;
       done = done_.load(std::memory_order_acquire)) {
    done_.wait(done, std::memory_order_acquire);
  }
}

TextsAhead::TextsAhead(const std::vector<Input>& inputs, const Codec& codec)
    : tokenizer_(FindTokens(inputs)->tokenizer),
      texts_(FindTokens(inputs)->fields.size()),
      reader_(codec.NewReader(TextsOf(*FindTokens(inputs)), {}, {})) {
  for (std::string& text : texts_) rows_.push_back({nullptr, &text});
  thread_ = std::thread([this] { Work(); });
}

TextsAhead::~TextsAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  added_.notify_one();
  thread_.join();
}

std::shared_ptr<const TextsAhead::Batch> TextsAhead::Add(const Frame& frame,
                                                         std::vector<size_t> records) {
  auto batch = std::make_shared<Batch>(frame, std::move(records));
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(batch);
  }
  added_.notify_one();
  return batch;
}

void TextsAhead::Work() {
  while (const std::shared_ptr<Batch> batch = Next()) Tokenize(*batch);
}

std::shared_ptr<TextsAhead::Batch> TextsAhead::Next() {
  std::unique_lock lock(mutex_);
  added_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
  if (stopped_) return nullptr;
  std::shared_ptr<Batch> batch = std::move(waiting_.front());
  waiting_.pop_front();
  return batch;
}

void TextsAhead::Tokenize(Batch& batch) {
  for (size_t i = 0; i < batch.size() && !stopped_; ++i) {
    batch.tokens_[i] = TokensOf(batch.frame_.record(batch.records_[i]));
    batch.done_.store(i + 1, std::memory_order_release);
    batch.done_.notify_one();
  }
}

// Nothing of a record that has no such texts: who reads it for the model says so.
Tokens TextsAhead::TokensOf(const RecordView& record) {
  if (!record.value || record.value->empty() || reader_->Extract(*record.value, rows_)) return {};
  try {
    return tokenizer_->Encode(texts_);
  } catch (const std::exception& error) {
    return {{}, {}, error.what()};
  }
}

}  // namespace rk
