package detect

// modelTokens are the keys of model and data science services.
func modelTokens() []token {
	return []token{
		{
			id: "openai-key", description: "OpenAI API key", severity: Critical,
			shapes:    []string{"sk-proj-[u40-200]", "sk-svcacct-[u40-200]", "sk-admin-[u40-200]", "sk-[w48]"},
			positives: []string{"OPENAI_API_KEY=sk-proj-" + sampleB62(74) + "T3BlbkFJ" + sampleB62(74), "sk-" + sampleB62(20) + "T3BlbkFJ" + sampleB62(20)},
			negatives: []string{"sk-proj-short", "sk-learn", "task-" + sampleB62(48)},
		},
		{
			id: "anthropic-key", description: "Anthropic API, admin or OAuth key", severity: Critical,
			shapes:    []string{"sk-ant-api03-[u80-120]", "sk-ant-admin01-[u80-120]", "sk-ant-oat01-[u80-120]"},
			positives: []string{"sk-ant-api03-" + sampleB62(93) + "AA", "x-api-key: sk-ant-admin01-" + sampleB62(93) + "AA"},
			negatives: []string{"sk-ant-api03-" + sampleB62(20), "sk-ant-eater"},
		},
		{
			id: "huggingface-token", description: "Hugging Face user or organisation token", severity: Critical, free: 1,
			shapes:    []string{"hf_[a34]", "api_org_[a34]"},
			positives: []string{"HF_TOKEN=hf_" + sampleAlpha(34), "use api_org_" + sampleAlpha(34)},
			negatives: []string{"hf_" + sampleAlpha(20), "hf_hub_download", "hf_" + sampleB62(34)},
		},
		{
			id: "groq-key", description: "Groq API key", severity: Critical,
			shapes:    []string{"gsk_[w52]"},
			positives: []string{"gsk_" + sampleB62(52)},
			negatives: []string{"gsk_" + sampleB62(20)},
		},
		{
			id: "perplexity-key", description: "Perplexity API key", severity: Critical,
			shapes:    []string{"pplx-[w48]"},
			positives: []string{"pplx-" + sampleB62(48)},
			negatives: []string{"pplx-online"},
		},
		{
			id: "replicate-token", description: "Replicate API token", severity: Critical,
			shapes:    []string{"r8_[w37]"},
			positives: []string{"r8_" + sampleB62(37)},
			negatives: []string{"r8_" + sampleB62(12)},
		},
		{
			id: "openrouter-key", description: "OpenRouter key", severity: Critical,
			shapes:    []string{"sk-or-v1-[x64]"},
			positives: []string{"sk-or-v1-" + sampleHex(64)},
			negatives: []string{"sk-or-v1-" + sampleHex(20)},
		},
		{
			id: "nvidia-key", description: "NVIDIA API key", severity: Critical,
			shapes:    []string{"nvapi-[u60-70]"},
			positives: []string{"nvapi-" + sampleB62(64)},
			negatives: []string{"nvapi-docs"},
		},
		{
			id: "xai-key", description: "xAI API key", severity: Critical,
			shapes:    []string{"xai-[u70-120]"},
			positives: []string{"xai-" + sampleB62(80)},
			negatives: []string{"xai-" + sampleB62(20), "xai-methods"},
		},
		{
			id: "langsmith-key", description: "LangSmith key", severity: Critical,
			shapes:    []string{"lsv2_pt_[x32]_[x10]", "lsv2_sk_[x32]_[x10]"},
			positives: []string{"lsv2_pt_" + sampleHex(32) + "_" + sampleHex(10)},
			negatives: []string{"lsv2_pt_" + sampleHex(32)},
		},
		{
			id: "together-key", description: "Together AI key", severity: Critical,
			shapes:    []string{"tgp_v1_[u43]"},
			positives: []string{"tgp_v1_" + sampleB62(43)},
			negatives: []string{"tgp_v1_" + sampleB62(10)},
		},
		{
			id: "wandb-key", description: "Weights & Biases key", severity: Critical,
			shapes:    []string{"wandb_v1_[s77]"},
			positives: []string{"wandb_v1_" + sampleB62(77)},
			negatives: []string{"wandb_v1_run"},
		},
		{
			id: "pinecone-key", description: "Pinecone key", severity: Critical,
			shapes:    []string{"pcsk_[w5-6]_[w63]"},
			positives: []string{"pcsk_" + sampleB62(6) + "_" + sampleB62(63)},
			negatives: []string{"pcsk_" + sampleB62(6)},
		},
		{
			id: "databricks-token", description: "Databricks personal access token", severity: Critical,
			shapes:    []string{"dapi[x32]", "dapi[x32]-[d1]"},
			positives: []string{"dapi" + sampleHex(32), "token dapi" + sampleHex(32) + "-2"},
			negatives: []string{"dapi" + sampleHex(20), "dapiary", "dapi" + sampleHex(40)},
		},
	}
}
