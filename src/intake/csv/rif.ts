import { columnName } from './header.ts';

/**
 * CMS research files (Blue Button, CCW: pipe-delimited, dates as 30-May-2015) under the layout's own column names.
 * They are known by their first columns; what a file leaves unsaid because it holds one kind of claim is added.
 */
export interface RifAdapter {
  /** Header in the layout's names: the file's columns, then the added ones. */
  readonly header: readonly string[];
  /** A row with its added cells. */
  readonly extend: (cells: readonly string[]) => readonly string[];
}

const NOT_READ = 'not_read';

const CLAIM_NAMES: Readonly<Record<string, string>> = {
  bene_id: 'member_id',
  clm_id: 'claim_id',
  clm_from_dt: 'claim_start_date',
  clm_thru_dt: 'claim_end_date',
  line_num: 'claim_line_number',
  clm_line_num: 'claim_line_number',
  line_place_of_srvc_cd: 'place_of_service_code',
  line_1st_expns_dt: 'claim_line_start_date',
  line_last_expns_dt: 'claim_line_end_date',
  hcpcs_cd: 'hcpcs_code',
  hcpcs_1st_mdfr_cd: 'hcpcs_modifier_1',
  hcpcs_2nd_mdfr_cd: 'hcpcs_modifier_2',
  prf_physn_npi: 'rendering_npi',
  at_physn_npi: 'rendering_npi',
  prvdr_spclty: 'rendering_specialty',
  org_npi_num: 'facility_npi',
  clm_admsn_dt: 'admission_date',
  nch_bene_dschrg_dt: 'discharge_date',
  rev_cntr: 'revenue_center_code',
  icd_dgns_vrsn_cd1: 'diagnosis_code_type',
};

const MEMBER_NAMES: Readonly<Record<string, string>> = {
  bene_id: 'member_id',
  bene_birth_dt: 'birth_date',
  bene_sex_ident_cd: 'sex',
  death_dt: 'death_date',
  mbi_num: 'mbi',
  bene_zip_cd: 'zip_code',
  bene_entlmt_rsn_orig: 'original_reason_entitlement_code',
  bene_entlmt_rsn_curr: 'current_reason_entitlement_code',
  bene_mdcr_status_cd: 'medicare_status_code',
  bene_esrd_ind: 'esrd_status',
  b_mo_cnt: 'part_b_months_prior_year',
  meta_dual_elgbl_stus_dec_cd: 'dual_status_code',
};

const DRUG_NAMES: Readonly<Record<string, string>> = {
  bene_id: 'member_id',
  srvc_dt: 'dispensing_date',
  prod_srvc_id: 'ndc_code',
  days_suply_num: 'days_supply',
  qty_dspnsd_num: 'quantity',
  prscrbr_id: 'prescriber_npi',
};

/** The adapter of a research file, or null when the header is not one. */
export function rifAdapter(header: readonly string[]): RifAdapter | null {
  const columns = header.map(columnName);
  if (columns[0] !== 'dml_ind') return null;
  const at = (name: string): number => columns.indexOf(name);
  const named = (names: Readonly<Record<string, string>>): string[] =>
    columns.map((column) => {
      const diagnosis = /^icd_dgns_cd(\d+)$/.exec(column);
      return diagnosis ? `diagnosis_code_${diagnosis[1]}` : (names[column] ?? NOT_READ);
    });
  if (at('pde_id') >= 0) return { header: named(DRUG_NAMES), extend: (cells) => cells };
  if (at('bene_birth_dt') >= 0) {
    const year = at('rfrnc_yr');
    return {
      header: [...named(MEMBER_NAMES), 'enrollment_start_date', 'enrollment_end_date'],
      extend: (cells) => {
        const stated = cells[year]?.trim() ?? '';
        return stated === '' ? [...cells, '', ''] : [...cells, `${stated}-01-01`, `${stated}-12-31`];
      },
    };
  }
  if (at('clm_id') < 0) return null;
  const bill = [at('clm_fac_type_cd'), at('clm_srvc_clsfctn_type_cd'), at('clm_freq_cd')];
  if (bill.some((position) => position < 0)) {
    return {
      header: [...named(CLAIM_NAMES), 'claim_type'],
      extend: (cells) => [...cells, 'professional'],
    };
  }
  // The research files hold final claims: a frequency of 7 stands for the claim as it is now, not for another record.
  return {
    header: [...named(CLAIM_NAMES), 'claim_type', 'bill_type_code', 'frequency_code'],
    extend: (cells) => [
      ...cells,
      'institutional',
      bill.map((position) => cells[position]?.trim() ?? '').join(''),
      '1',
    ],
  };
}
