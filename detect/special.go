package detect

func specialRules() []builtin {
	var out []builtin
	for _, l := range lexicons() {
		out = append(out, l.rule())
	}
	return append(out, icdRule())
}

// lexicons are the special categories of GDPR Art. 9(1) and the data of Art. 10.
func lexicons() []lexicon {
	return []lexicon{
		{
			id: "special/health", kind: KindHealth, description: "health of a person: a disease, condition or treatment beside a person (GDPR Art. 4(15), Art. 9(1))",
			fields:    words("diagnosis", "diagnoses", "diagnosed", "condition", "conditions", "disease", "allergy", "allergies", "medical history", "diagnose", "diagnostic", "diagnóstico", "diagnosi", "rozpoznanie"),
			words:     healthWords,
			positives: []string{"She was diagnosed with diabetes last year.", "Diagnosis: asthma", "His HIV test was positive", "Die Patientin leidet an Depression", "il souffre de dépression", "my mother has Parkinson's disease"},
			negatives: []string{"Diabetes is a common disease.", "The canceral layer", "aids to navigation", "the asthma guideline was updated"},
		},
		{
			id: "special/religion", kind: KindReligion, description: "religious or philosophical belief of a person (GDPR Art. 9(1))",
			fields: words("religion", "faith", "denomination", "konfession", "bekenntnis", "religión", "religione", "religia", "geloof", "church"),
			words: "catholic\nroman catholic\nprotestant\nlutheran\nmethodist\nbaptist\nanglican\npresbyterian\northodox christian\nchristian\nevangelical\nmormon\njehovah's witness\nmuslim\nsunni\nshia\njewish\n" +
				"hindu\nbuddhist\nsikh\natheist\nagnostic\nkatholisch\nevangelisch\nkonfessionslos\nmuslimisch\nislamisch\ncatholique\nmusulman\nmusulmane\njuif\njuive\nprotestante\nmusulmán\njudío\ncattolico\ncattolica\nmusulmano\nebreo\nkatholiek\nkatolik\nkatolicka",
			positives: []string{"religion: Catholic", "She is Muslim and fasts", "His wife is jewish", "Konfession: evangelisch"},
			negatives: []string{"a Catholic church in Rome", "The Christian era", "buddhist temples"},
		},
		{
			id: "special/ethnicity", kind: KindEthnicity, description: "racial or ethnic origin of a person (GDPR Art. 9(1))",
			fields: words("ethnicity", "race", "ethnic origin", "ethnic group", "ethnie", "etnia", "herkunft", "heritage", "descent"),
			words: "african american\nafrican-american\ncaucasian\nhispanic\nlatino\nlatina\nasian\nblack\nwhite\nblack or african american\namerican indian\nnative american\nalaska native\npacific islander\nnative hawaiian\n" +
				"roma\nsinti\nromani\nkurdish\nhan chinese\naboriginal\nmaori\ninuit\nmestizo\nmixed race\nbiracial\narab\npashtun\nyoruba\nigbo\nuighur\nuyghur",
			positives: []string{"ethnicity: Hispanic", "race=African American", "Patient is a 40-year-old caucasian woman"},
			negatives: []string{"Asian markets opened higher", "the black box", "white space"},
		},
		{
			id: "special/politics", kind: KindPolitics, description: "political opinion or party of a person (GDPR Art. 9(1))",
			fields: words("political party", "party affiliation", "political view", "political opinion", "political affiliation", "parteizugehörigkeit", "partei", "parti politique", "afiliación política"),
			words: "communist\nsocialist\nsocial democrat\nconservative\nliberal democrat\nlibertarian\nnationalist\nanarchist\nrepublican voter\ndemocrat voter\nregistered republican\nregistered democrat\nrepublican\n" +
				"democrat\nlabour party\ntory party\ngreen party\nkommunist\nsozialdemokrat\nsozialist\nparteimitglied\ncommuniste\nsocialiste\ncomunista\nsocialista",
			positives: []string{"party affiliation: Republican", "She is a registered Democrat", "he was a communist in his youth"},
			negatives: []string{"a conservative estimate", "the republican debate", "socialist realism"},
		},
		{
			id: "special/union", kind: KindUnion, description: "trade union membership of a person (GDPR Art. 9(1))",
			fields:    words("union member", "union membership", "gewerkschaft", "syndicat", "sindicato", "sindacato", "vakbond"),
			words:     "trade union member\nunion member\nunion membership\nunion representative\nshop steward\nunion dues\ngewerkschaftsmitglied\nsyndicaliste\nsindicalista\nvakbondslid\nigmetall\nver.di",
			positives: []string{"he is a trade union member", "her union dues are deducted monthly"},
			negatives: []string{"union members of a set", "the union representative type in C"},
		},
		{
			id: "special/genetic", kind: KindGenetic, description: "genetic data of a person (GDPR Art. 4(13), Art. 9(1))",
			fields:    words("genotype", "genetic test", "mutation", "karyotype", "genome"),
			words:     "brca1\nbrca2\ngenetic test\ngenetic predisposition\ndna profile\ndna test\ndna sample\ngenome sequence\ngene mutation\ngenetic disorder\ncarrier of the\nkaryotype\nlynch syndrome\nhuntington's disease\ngentest\ntest genetico\nprueba genética",
			positives: []string{"the patient carries BRCA1", "her genetic test came back", "his DNA profile matched"},
			negatives: []string{"BRCA1 is a human gene", "genetic tests are regulated"},
		},
		{
			id: "special/biometric", kind: KindBiometric, description: "biometric data that identify a person (GDPR Art. 4(14), Art. 9(1))",
			fields:    words("biometric", "biometrics", "biometrie"),
			words:     "fingerprint\nfingerprint template\niris scan\nretina scan\nretinal scan\nface template\nfaceprint\nvoiceprint\nfacial recognition template\nhand geometry\nfingerabdruck\nempreinte digitale\nhuella dactilar\nimpronta digitale\nvingerafdruk",
			positives: []string{"his fingerprint was enrolled", "the employee's iris scan", "biometric: voiceprint"},
			negatives: []string{"fingerprint of the key", "SSH key fingerprint SHA256", "a fingerprint sensor"},
		},
		{
			id: "special/orientation", kind: KindOrientation, description: "sexual orientation or gender identity of a person (GDPR Art. 9(1))",
			fields:    words("sexual orientation", "orientation", "gender identity", "sexuelle orientierung", "orientación sexual", "orientation sexuelle"),
			words:     "gay\nlesbian\nbisexual\nhomosexual\nheterosexual\nasexual\npansexual\nqueer\ntransgender\ntranssexual\nnon-binary\nnonbinary\nschwul\nlesbisch\nbisexuell\nhomosexuell\nhomosexuel\nlesbienne\nbisexuelle\nhomosexuelle\nlesbiana\nomosessuale",
			positives: []string{"he is gay", "sexual orientation: bisexual", "She came out as lesbian"},
			negatives: []string{"the gay community center", "orientation: portrait"},
		},
		{
			id: "special/sex-life", kind: KindSexLife, description: "sex life of a person (GDPR Art. 9(1))",
			fields:    words("sex life", "sexual history", "sexual activity"),
			words:     "sex life\nsexual partner\nsexually active\nextramarital affair\nsexual history\nvie sexuelle\nvida sexual\nsexualleben\nerectile dysfunction\none-night stand",
			positives: []string{"the patient is sexually active", "her sexual partners were informed"},
			negatives: []string{"sexually active adults aged 18 or more", "sex life of plants"},
		},
		{
			id: "special/criminal", kind: KindCriminal, description: "criminal convictions and offences of a person (GDPR Art. 10)",
			fields: words("criminal record", "convictions", "offence", "offense", "charges", "vorstrafen", "casier judiciaire", "antecedentes penales"),
			words: "convicted of\ncriminal record\nprior conviction\nfelony conviction\nfelony\nmisdemeanor\nsentenced to\npleaded guilty\npled guilty\narrested for\non parole\non probation\nserved time\nrap sheet\nvorbestraft\nvorstrafe\nverurteilt\n" +
				"condamné\ncasier judiciaire\nantecedentes penales\ncondenado por\nprecedenti penali\ncondannato\nveroordeeld\nstrafblad\nskazany\nkarany",
			positives: []string{"He was convicted of fraud in 2012", "her criminal record is clean", "Der Bewerber ist vorbestraft"},
			negatives: []string{"people convicted of fraud", "criminal records are kept by the state", "a felony in most states"},
		},
	}
}

const healthWords = `diabetes
diabetic
type 1 diabetes
type 2 diabetes
hypertension
asthma
epilepsy
cancer
breast cancer
lung cancer
leukemia
leukaemia
lymphoma
melanoma
tumor
tumour
chemotherapy
hiv
hiv positive
hiv-positive
hepatitis
tuberculosis
pneumonia
covid-19
depression
bipolar disorder
schizophrenia
anxiety disorder
ptsd
adhd
autism
dementia
alzheimer's
alzheimer's disease
parkinson's disease
multiple sclerosis
crohn's disease
celiac disease
arthritis
osteoporosis
stroke
heart attack
heart failure
atrial fibrillation
coronary artery disease
copd
cirrhosis
kidney failure
dialysis
anemia
anaemia
migraine
insomnia
eating disorder
anorexia
bulimia
alcoholism
substance abuse
drug addiction
overdose
pregnant
pregnancy
miscarriage
abortion
infertility
endometriosis
allergic to
penicillin allergy
peanut allergy
insulin
metformin
methadone
antidepressant
wheelchair
disability
disabled
amputation
blindness
deafness
bluthochdruck
krebs
brustkrebs
epilepsie
schlaganfall
herzinfarkt
schwanger
demenz
asthme
dépression
grossesse
enceinte
asma
cáncer
hipertensión
depresión
embarazada
tumore
ipertensione
depressione
incinta
kanker
zwanger
depressie
suikerziekte
nowotwór
cukrzyca
nadciśnienie
depresja
gravidez
grávida`
